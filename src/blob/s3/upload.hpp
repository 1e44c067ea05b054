// An object in parts (multipart upload): read by the caller's thread, or in place where it is a
// file, sent by a few others, put together at the end; given up as a whole when anything fails.
// Memory is bounded by the number of parts under way. Used by the S3 store, one an object.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "blob/s3/client.hpp"
#include "blob/s3/slice.hpp"
#include "blob/source.hpp"

namespace vedette::blob::s3 {

/// The bytes of one part.
class PartBuffer {
 public:
  explicit PartBuffer(std::size_t size)
      : bytes_(std::make_unique_for_overwrite<char[]>(size)), size_(size) {}
  std::span<char> room() { return {bytes_.get(), size_}; }
  std::string_view content() const { return {bytes_.get(), used_}; }
  void set_used(std::size_t used) { used_ = used; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
  std::size_t used_ = 0;
};

/// kTooLarge for more bytes than S3 takes in parts of this size.
Result<void> check_parts(std::string_view key, std::uint64_t size, std::uint64_t part_size);

class Upload {
 public:
  /// `key` with its prefix. `client` outlives this.
  Upload(Client& client, std::string key, std::string content_type, const std::stop_token& stop);
  /// Gives the upload up unless it was finished.
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// Begins, sends `first` (full) and what `source` has left, and puts all together; the number of
  /// bytes. Errors of the source and of Client::ask(); kInvalid when `said` is another number.
  Result<std::uint64_t> send(PartBuffer first, Source& source, std::optional<std::uint64_t> said);

  /// The same with the first `size` bytes of a file, in parts of `part_size`, which nobody holds.
  Result<void> send(const FileHandle& file, std::uint64_t size, std::uint64_t part_size);

 private:
  struct Part {
    int number = 0;
    std::variant<PartBuffer, Slice> content;
  };

  Result<void> begin();
  Result<std::uint64_t> read_parts(PartBuffer first, Source& source);
  Result<void> hand_over(Part part) VEDETTE_EXCLUDES(parts_mutex_);
  Result<PartBuffer> free_buffer() VEDETTE_EXCLUDES(parts_mutex_);
  Result<void> wait_for_parts() VEDETTE_EXCLUDES(parts_mutex_);
  void send_parts(const std::stop_token& stop) VEDETTE_EXCLUDES(parts_mutex_);
  Result<std::string> send_part(const Part& part, const std::stop_token& stop);
  Result<void> complete(std::uint64_t size) VEDETTE_EXCLUDES(parts_mutex_);
  Result<void> compare(std::uint64_t size, std::string_view tag);
  void give_up();

  Client& client_;
  const std::string key_;
  const std::string content_type_;
  const std::stop_token stop_;
  std::string id_;  // empty: not begun, or finished

  Mutex parts_mutex_;
  std::condition_variable_any changed_;
  std::deque<Part> waiting_ VEDETTE_GUARDED_BY(parts_mutex_);
  std::vector<PartBuffer> free_ VEDETTE_GUARDED_BY(parts_mutex_);
  int buffers_ VEDETTE_GUARDED_BY(parts_mutex_) = 1;  // made so far, the first among them
  int under_way_ VEDETTE_GUARDED_BY(parts_mutex_) = 0;
  std::map<int, std::string> tags_ VEDETTE_GUARDED_BY(parts_mutex_);
  std::optional<Error> error_ VEDETTE_GUARDED_BY(parts_mutex_);
  std::vector<std::jthread> senders_;  // last: they use the rest
};

}  // namespace vedette::blob::s3

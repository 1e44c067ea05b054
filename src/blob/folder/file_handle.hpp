// A file descriptor that closes itself, and the calls on it that go on after a signal. For the
// folder store and sources from files. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>

namespace vedette::blob {

class FileHandle {
 public:
  explicit FileHandle(int number = -1) : number_(number) {}
  ~FileHandle() { close(); }
  FileHandle(FileHandle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }
  /// False with errno when the system only now says that the bytes could not be written.
  bool close();

 private:
  int number_;
};

/// pread(2): bytes, 0 at the end, -1 with errno.
std::int64_t read_some(int file, std::span<char> room, std::uint64_t offset);
/// Copies `size` bytes from the beginning of one file to where the other stands, without their
/// passing through this process. How many were copied: less at the end of `from` and at a stop; or
/// -1 with errno.
std::int64_t copy_file(int from, int to, std::uint64_t size, const std::stop_token& stop);
/// Whether that errno means that bytes have to be read and written instead.
bool is_no_copy(int code);
/// All of it; false with errno.
bool write_all(int file, std::string_view bytes);

}  // namespace vedette::blob

// Objects: bytes under a key, too large for a table (stills, thumbnails, exports). One interface
// over a folder and over S3; the row that names an object is written after the object is stored
// (law 4). Made by open(), which touches nothing; used by every pipeline. All methods block, take a
// stop token that ends every wait with kCancelled, and may be called from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "blob/options.hpp"
#include "blob/source.hpp"

namespace vedette::blob {

/// Takes an object's bytes as they come, in pieces of about a MiB at most; an error of it ends the
/// call and is passed on.
using Sink = std::function<Result<void>(std::string_view)>;

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  /// As it was put. "application/octet-stream" where a folder's file system keeps no attributes,
  /// and in lists, where it is not told.
  std::string content_type = {};
  Instant modified{};
  /// Another one when the content is another; for ETag and the like. No digest of the content.
  std::string tag = {};
};

/// Bytes to give, both ends included.
struct ByteRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last = {};  // nothing: to the end; beyond the end: to the end
};

struct PutOptions {
  std::string content_type = "application/octet-stream";
  std::stop_token stop = {};
};

struct GetOptions {
  std::optional<ByteRange> range = {};
  /// What the whole content must have as its SHA-256, as a content key tells it.
  std::optional<Sha256> digest = {};
  std::stop_token stop = {};
};

struct ListOptions {
  /// Only keys after this one; the last of the page before. Empty: from the beginning.
  std::string after = {};
  /// 1 to 1,000.
  int most = 1000;
  std::stop_token stop = {};
};

struct Page {
  /// In the order of their bytes.
  std::vector<ObjectInfo> objects;
  /// Where the next page begins (ListOptions::after); nothing when this was the last.
  std::optional<std::string> next;
};

struct LinkOptions {
  /// Up to seven days.
  Micros valid_for = std::chrono::hours(1);
  /// Not empty: a browser saves it under this name.
  std::string file_name = {};
};

struct Swept {
  /// What was being written and never finished: temporary files, multipart uploads.
  std::int64_t removed = 0;
};

/// What check() found, for `vedette doctor`.
struct Finding {
  enum class Verdict { kOk, kWarn, kBad };
  Verdict verdict = Verdict::kOk;
  std::string what;
  std::string remedy = {};  // empty: nothing to do
};

/// Errors of all methods: kInvalid (a key, a range); kUnavailable (nobody answers, access is
/// refused, the disk or the bucket is not there; retryable where it may pass by itself), kTimeout,
/// kDiskFull, kCorrupt (what came is not what was stored), kCancelled. Each is a sentence that says
/// what, where, and what to do.
class Store {
 public:
  virtual ~Store() = default;

  /// Stores all of `source` under the key, in flat memory, and returns its size. Replaces what was
  /// there. Readers see the old or the new content, never a part; after an error nothing of it is
  /// there. kInvalid when the source gives another number of bytes than it said; kConflict when a
  /// folder cannot hold the key beside another ("a" and "a/b").
  virtual Result<std::uint64_t> put(std::string_view key, Source source,
                                    const PutOptions& options) = 0;

  /// Gives the content, or the range of it, to the sink; what was given before an error is to be
  /// thrown away. kNotFound; kInvalid for a range that begins behind the end; kConflict when the
  /// object was replaced while it was read.
  virtual Result<ObjectInfo> get(std::string_view key, const GetOptions& options,
                                 const Sink& sink) = 0;

  /// The same into a file, which is there when all of it is; it replaces one of that name.
  Result<ObjectInfo> get_file(std::string_view key, const std::filesystem::path& file,
                              const GetOptions& options = {});

  /// Where the object lies as a file of this machine, to be read by libraries that want files, and
  /// never to be changed; nothing in a store that has no files. Does not ask whether it exists.
  /// kInvalid: no key.
  virtual Result<std::optional<std::filesystem::path>> file_of(std::string_view key) const;

  virtual Result<std::optional<ObjectInfo>> head(std::string_view key,
                                                 const std::stop_token& stop = {}) = 0;

  /// No error when there is none.
  virtual Result<void> remove(std::string_view key, const std::stop_token& stop = {}) = 0;

  /// One page of the keys that begin so. What changes meanwhile is in it or not.
  virtual Result<Page> list(std::string_view prefix, const ListOptions& options) = 0;

  /// An address at which anybody may read the object for a while; nothing where the store gives
  /// none (a folder). Does not ask whether the object exists.
  virtual Result<std::optional<std::string>> link(std::string_view key,
                                                  const LinkOptions& options) = 0;

  /// Removes what was begun longer ago and never finished. Objects stay.
  virtual Result<Swept> sweep(Micros older_than, const std::stop_token& stop = {}) = 0;

  /// What is wrong with it: there, readable, writable, region, clock. Leaves nothing behind.
  virtual std::vector<Finding> check(const std::stop_token& stop = {}) = 0;

  /// Where it is, for people: "the folder /data/blobs", "the bucket b at s3.example". No secret.
  virtual std::string place() const = 0;

 protected:
  /// get() into an open, empty file; `path` is for messages.
  virtual Result<ObjectInfo> copy_to(std::string_view key, const FileHandle& file,
                                     const std::filesystem::path& path, const GetOptions& options);
};

/// Touches neither disk nor network. kUsage for settings that contradict each other.
Result<std::unique_ptr<Store>> open(const StoreOptions& options);

/// The whole content in memory, up to a bound. kTooLarge beyond; else as get().
Result<std::string> read_all(Store& store, std::string_view key, std::size_t most_bytes,
                             const GetOptions& options = {});

/// Calls `visit` for each object whose key begins so, page after page; an error of it ends the
/// walk and is passed on.
Result<void> for_each(Store& store, std::string_view prefix, const std::stop_token& stop,
                      const std::function<Result<void>(const ObjectInfo&)>& visit);

}  // namespace vedette::blob

#include "blob/folder/folder_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "base/id.hpp"
#include "blob/checks.hpp"
#include "blob/folder/file_handle.hpp"
#include "blob/folder/folder_error.hpp"
#include "blob/folder/incoming.hpp"
#include "blob/folder/listing.hpp"
#include "blob/key.hpp"

namespace vedette::blob {
namespace {

namespace fs = std::filesystem;

// Small enough that what was read is still in the processor when it is written.
constexpr std::size_t kPiece = std::size_t{128} << 10;
constexpr const char* kTypeAttribute = "user.vedette.type";
constexpr std::string_view kUnknownType = "application/octet-stream";
constexpr std::size_t kMostType = 255;
// A folder that somebody empties and removes while we put something into it.
constexpr int kMostRaces = 100;

std::unexpected<Error> unknown(std::string_view key, const fs::path& folder) {
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no object {} in {}", key, folder.string()));
}

std::string type_of(int file) {
  std::array<char, kMostType> type{};
  const ssize_t size = ::fgetxattr(file, kTypeAttribute, type.data(), type.size());
  return size <= 0 ? std::string(kUnknownType)
                   : std::string(type.data(), static_cast<std::size_t>(size));
}

ObjectInfo info_of(std::string_view key, const struct stat& info) {
  const auto since =
      std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
  return {std::string(key), static_cast<std::uint64_t>(info.st_size), std::string(kUnknownType),
          Instant(std::chrono::duration_cast<Micros>(since)),
          fmt::format("{:x}-{:x}-{:x}", info.st_ino, since.count(), info.st_size)};
}

bool is_missing(int code) {
  return code == ENOENT || code == ENOTDIR;
}

}  // namespace

FolderStore::FolderStore(FolderOptions options)
    : options_(std::move(options)), incoming_(options_.folder / kIncoming) {}

fs::path FolderStore::path_of(std::string_view key) const {
  return options_.folder / key;
}

std::string FolderStore::place() const {
  return fmt::format("the folder {}", options_.folder.string());
}

Result<bool> FolderStore::is_there() {
  struct stat info{};
  if (::stat(incoming_.c_str(), &info) == 0) {
    was_there_ = true;
    return true;
  }
  if (!is_missing(errno)) return folder_error(options_.folder, "reading", errno);
  if (was_there_) return folder_is_gone(options_.folder);
  return false;
}

Result<void> FolderStore::make_root() {
  VEDETTE_TRY(was_made, is_there());
  if (was_made) return {};
  std::error_code failed;
  const bool is_new = fs::create_directories(options_.folder, failed);
  if (failed) return folder_error(options_.folder, "making a folder", failed.value());
  // Not one that the owner made, and shares perhaps.
  if (is_new && ::chmod(options_.folder.c_str(), 0700) != 0) {
    return folder_error(options_.folder, "making a folder", errno);
  }
  // Before there is what says that it was made: who comes second is not to be ahead of this.
  if (options_.is_synced && !sync_names(options_.folder)) {
    return folder_error(options_.folder, "writing", errno);
  }
  if (::mkdir(incoming_.c_str(), 0700) != 0 && errno != EEXIST) {
    return folder_error(options_.folder, "making a folder", errno);
  }
  was_there_ = true;
  return {};
}

Result<std::uint64_t> FolderStore::put(std::string_view key, Source source,
                                       const PutOptions& options) {
  VEDETTE_CHECK(check_key(key));
  VEDETTE_CHECK(check_content_type(options.content_type));
  VEDETTE_CHECK(make_root());
  Incoming incoming(incoming_);
  if (!incoming.is_open()) {
    const int code = errno;
    if (is_missing(code)) return folder_is_gone(options_.folder);
    return folder_error(options_.folder, "writing", code);
  }
  VEDETTE_TRY(size, write(incoming, key, source, options.stop));
  const auto& type = options.content_type;
  // Where the file system keeps no attributes, the type is not kept: check() says so.
  (void)::fsetxattr(incoming.number(), kTypeAttribute, type.data(), type.size(), 0);
  if (!incoming.finish(options_.is_synced)) {
    return folder_error(options_.folder, "writing", errno);
  }
  VEDETTE_CHECK(publish(incoming, path_of(key)));
  return size;
}

// All of the source into the file; its size, which is the one that was said.
Result<std::uint64_t> FolderStore::write(Incoming& incoming, std::string_view key, Source& source,
                                         const std::stop_token& stop) {
  if (source.file && source.size) {
    const auto copied = copy_file(source.file->number(), incoming.number(), *source.size, stop);
    if (stop.stop_requested()) return stopped();
    if (copied < 0 && !is_no_copy(errno)) return folder_error(options_.folder, "writing", errno);
    if (copied >= 0 && static_cast<std::uint64_t>(copied) == *source.size) return *source.size;
    // Byte by byte then, so that the source itself says what is wrong with it.
    if (::lseek(incoming.number(), 0, SEEK_SET) != 0 || ::ftruncate(incoming.number(), 0) != 0) {
      return folder_error(options_.folder, "writing", errno);
    }
  }
  const auto most = std::min<std::uint64_t>(kPiece, source.size.value_or(kPiece) + 1);
  std::vector<char> piece(most);
  std::uint64_t size = 0;
  while (true) {
    if (stop.stop_requested()) return stopped();
    VEDETTE_TRY(got, source.read(piece));
    if (got == 0) break;
    size += got;
    if (source.size && size > *source.size) break;
    if (!write_all(incoming.number(), {piece.data(), got})) {
      return folder_error(options_.folder, "writing", errno);
    }
  }
  if (source.size && size != *source.size) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} was not stored: {} bytes were said to come, and {} came", key,
                            *source.size, size > *source.size ? "more" : std::to_string(size)));
  }
  return size;
}

Result<void> FolderStore::publish(Incoming& incoming, const fs::path& path) {
  const auto conflict = [&] {
    return fail(ErrorCode::kConflict,
                fmt::format("{} cannot be a file and a folder at once: another object has that "
                            "name, or lies in a folder of it; take another name",
                            path.string()));
  };
  for (int race = 0; race < kMostRaces; ++race) {
    if (incoming.move_to(path)) {
      return options_.is_synced ? sync_folders(path.parent_path()) : Result<void>{};
    }
    if (errno == EISDIR || errno == ENOTDIR || errno == ENOTEMPTY || errno == EEXIST) {
      return conflict();
    }
    if (errno != ENOENT) return folder_error(options_.folder, "writing", errno);
    // Its folders are not there, or were removed as empty a moment ago.
    VEDETTE_TRY(is_root_there, is_there());
    if (!is_root_there) return folder_is_gone(options_.folder);
    auto folder = options_.folder;
    for (const auto& name : path.parent_path().lexically_relative(options_.folder)) {
      folder /= name;
      if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        if (errno == ENOTDIR) return conflict();
        if (errno != ENOENT) return folder_error(options_.folder, "making a folder", errno);
        break;
      }
    }
  }
  return folder_error(options_.folder, "writing", ENOENT);
}

// The new name, and the names of folders that may be new too.
Result<void> FolderStore::sync_folders(fs::path folder) const {
  while (true) {
    if (!sync_folder(folder)) {
      // Removed meanwhile, together with the object.
      if (!is_missing(errno)) return folder_error(options_.folder, "writing", errno);
    }
    if (folder == options_.folder) return {};
    folder = folder.parent_path();
  }
}

Result<std::optional<FolderStore::Opened>> FolderStore::open_object(std::string_view key) {
  VEDETTE_CHECK(check_key(key));
  FileHandle file(::open(path_of(key).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
    const int code = errno;
    if (!is_missing(code)) return folder_error(options_.folder, "reading", code);
    VEDETTE_CHECK(is_there());
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  was_there_ = true;
  auto info = info_of(key, status);
  info.content_type = type_of(file.number());
  return Opened{std::move(file), std::move(info)};
}

Result<ObjectInfo> FolderStore::copy_to(std::string_view key, const FileHandle& file,
                                        const fs::path& path, const GetOptions& options) {
  if (options.range || options.digest) return Store::copy_to(key, file, path, options);
  VEDETTE_TRY(opened, open_object(key));
  if (!opened) return unknown(key, options_.folder);
  const auto size = opened->info.size;
  const auto copied = copy_file(opened->file.number(), file.number(), size, options.stop);
  if (options.stop.stop_requested()) return stopped();
  if (copied >= 0 && static_cast<std::uint64_t>(copied) == size) return std::move(opened->info);
  if (copied < 0 && !is_no_copy(errno)) return folder_error(path.parent_path(), "writing", errno);
  if (::lseek(file.number(), 0, SEEK_SET) != 0 || ::ftruncate(file.number(), 0) != 0) {
    return folder_error(path.parent_path(), "writing", errno);
  }
  return Store::copy_to(key, file, path, options);
}

Result<ObjectInfo> FolderStore::get(std::string_view key, const GetOptions& options,
                                    const Sink& sink) {
  VEDETTE_TRY(opened, open_object(key));
  if (!opened) return unknown(key, options_.folder);
  const auto& file = opened->file;
  const auto& info = opened->info;
  std::uint64_t at = 0;
  std::uint64_t end = info.size;
  if (options.range) {
    VEDETTE_CHECK(check_range(key, *options.range, info.size));
    at = options.range->first;
    end = end_of(*options.range, info.size);
  }
  ::posix_fadvise(file.number(), static_cast<off_t>(at), static_cast<off_t>(end - at),
                  POSIX_FADV_SEQUENTIAL);
  std::optional<Digester> digester;
  if (options.digest && !options.range) digester.emplace(Digester::Kind::kSha256);
  std::vector<char> piece(std::min<std::uint64_t>(kPiece, end - at));
  while (at < end) {
    if (options.stop.stop_requested()) return stopped();
    const auto room = std::span(piece).first(std::min<std::uint64_t>(piece.size(), end - at));
    const auto got = read_some(file.number(), room, at);
    if (got < 0) return folder_error(options_.folder, "reading", errno);
    if (got == 0) {
      return fail(ErrorCode::kCorrupt, fmt::format("{} in {} was cut off while it was read", key,
                                                   options_.folder.string()));
    }
    at += static_cast<std::uint64_t>(got);
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    if (digester) digester->add(bytes);
    VEDETTE_CHECK(sink(bytes));
  }
  if (digester) VEDETTE_CHECK(check_digest(key, *options.digest, digester->finish(), place()));
  return info;
}

Result<std::optional<ObjectInfo>> FolderStore::head(std::string_view key, const std::stop_token&) {
  VEDETTE_TRY(opened, open_object(key));
  if (!opened) return std::nullopt;
  return std::move(opened->info);
}

Result<std::optional<fs::path>> FolderStore::file_of(std::string_view key) const {
  VEDETTE_CHECK(check_key(key));
  return path_of(key);
}

Result<void> FolderStore::remove(std::string_view key, const std::stop_token&) {
  VEDETTE_CHECK(check_key(key));
  auto path = path_of(key);
  if (::unlink(path.c_str()) != 0) {
    // A folder of that name is no object.
    if (errno == EISDIR || errno == EPERM) {
      struct stat info{};
      if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
      errno = EPERM;
    }
    if (!is_missing(errno)) return folder_error(options_.folder, "removing", errno);
    VEDETTE_CHECK(is_there());
    return {};
  }
  // Folders that are empty now go too; where that fails, they are not.
  for (path = path.parent_path(); path != options_.folder; path = path.parent_path()) {
    if (::rmdir(path.c_str()) != 0) break;
  }
  return {};
}

Result<Page> FolderStore::list(std::string_view prefix, const ListOptions& options) {
  VEDETTE_CHECK(check_prefix(prefix));
  VEDETTE_TRY(was_made, is_there());
  Page page;
  if (!was_made) return page;
  const auto most = static_cast<std::size_t>(std::clamp(options.most, 1, 1000));
  VEDETTE_TRY(keys, list_folder(options_.folder, prefix, options.after, most + 1, options.stop));
  if (keys.size() > most) {
    keys.resize(most);
    page.next = keys.back();
  }
  for (const auto& key : keys) {
    struct stat info{};
    // Gone since it was listed.
    if (::stat(path_of(key).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    page.objects.push_back(info_of(key, info));
  }
  return page;
}

Result<std::optional<std::string>> FolderStore::link(std::string_view key, const LinkOptions&) {
  VEDETTE_CHECK(check_key(key));
  return std::nullopt;
}

Result<Swept> FolderStore::sweep(Micros older_than, const std::stop_token& stop) {
  Swept swept;
  VEDETTE_TRY(was_made, is_there());
  if (!was_made) return swept;
  const auto bound = SystemClock().now() - older_than;
  std::error_code failed;
  for (fs::directory_iterator entry(incoming_, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (stop.stop_requested()) return stopped();
    struct stat info{};
    if (::lstat(entry->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (info_of("", info).modified >= bound) continue;
    if (::unlink(entry->path().c_str()) == 0) ++swept.removed;
  }
  if (failed) return folder_error(options_.folder, "listing", failed.value());
  return swept;
}

// A write tells more than permissions do.
Finding FolderStore::probe(const std::stop_token& stop) {
  const auto key = fmt::format(".doctor-{}", new_uuid());
  const auto written = put(key, from_text("x"), {.content_type = "text/plain", .stop = stop});
  if (!written) return {Finding::Verdict::kBad, written.error().message};
  const auto found = head(key, stop);
  const auto removed = remove(key, stop);
  if (!found || !removed) {
    return {Finding::Verdict::kBad, found ? removed.error().message : found.error().message};
  }
  if (*found && (*found)->content_type != "text/plain") {
    return {Finding::Verdict::kWarn,
            fmt::format("{} is writable, and its file system keeps no attributes: what type an "
                        "object has is not remembered",
                        place()),
            "use a file system with user attributes (ext4, xfs, btrfs), or S3"};
  }
  return {Finding::Verdict::kOk, fmt::format("{} is readable and writable", place())};
}

std::vector<Finding> FolderStore::check(const std::stop_token& stop) {
  struct stat info{};
  if (::stat(options_.folder.c_str(), &info) != 0) {
    if (!is_missing(errno)) {
      return {{Finding::Verdict::kBad,
               folder_error(options_.folder, "reading", errno).error().message}};
    }
    return {{Finding::Verdict::kOk,
             fmt::format("{} does not exist yet; the first object makes it", place())}};
  }
  if (!S_ISDIR(info.st_mode)) {
    return {{Finding::Verdict::kBad, fmt::format("{} is no folder", options_.folder.string()),
             "move the file away, or name another folder with blob.folder"}};
  }
  std::vector<Finding> findings{probe(stop)};
  if ((info.st_mode & S_IROTH) != 0) {
    findings.push_back(
        {Finding::Verdict::kWarn,
         fmt::format("every user of this machine may list {}", options_.folder.string()),
         fmt::format("chmod o-rwx {}", options_.folder.string())});
  }
  return findings;
}

}  // namespace vedette::blob

#include "blob/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/id.hpp"
#include "blob/folder/file_handle.hpp"
#include "blob/folder/folder_error.hpp"
#include "blob/folder/folder_store.hpp"
#include "blob/key.hpp"
#include "blob/s3/s3_store.hpp"

namespace vedette::blob {

Result<std::unique_ptr<Store>> open(const StoreOptions& options) {
  if (!options.s3.bucket.empty()) {
    static const SystemClock kClock;
    VEDETTE_TRY(store, s3::S3Store::make(options.s3, kClock));
    return std::move(store);
  }
  if (options.folder.folder.is_relative()) {
    return fail(ErrorCode::kUsage, "the folder of the objects is no whole path");
  }
  return std::make_unique<FolderStore>(options.folder);
}

Result<ObjectInfo> Store::copy_to(std::string_view key, const FileHandle& file,
                                  const std::filesystem::path& path, const GetOptions& options) {
  return get(key, options, [&](std::string_view piece) -> Result<void> {
    if (write_all(file.number(), piece)) return {};
    return folder_error(path.parent_path(), "writing", errno);
  });
}

Result<std::optional<std::filesystem::path>> Store::file_of(std::string_view key) const {
  VEDETTE_CHECK(check_key(key));
  return std::nullopt;
}

Result<ObjectInfo> Store::get_file(std::string_view key, const std::filesystem::path& file,
                                   const GetOptions& options) {
  auto part = file;
  part += fmt::format(".{}.part", random_hex(6));
  FileHandle out(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out.is_open()) return folder_error(file.parent_path(), "writing", errno);
  auto info = copy_to(key, out, file, options);
  if (info && (!out.close() || ::rename(part.c_str(), file.c_str()) != 0)) {
    info = folder_error(file.parent_path(), "writing", errno);
  }
  if (!info) ::unlink(part.c_str());
  return info;
}

Result<std::string> read_all(Store& store, std::string_view key, std::size_t most_bytes,
                             const GetOptions& options) {
  std::string content;
  VEDETTE_CHECK(store.get(key, options, [&](std::string_view piece) -> Result<void> {
    if (piece.size() > most_bytes - content.size()) {
      return fail(ErrorCode::kTooLarge, fmt::format("{} is larger than {} bytes", key, most_bytes));
    }
    content += piece;
    return {};
  }));
  return content;
}

Result<void> for_each(Store& store, std::string_view prefix, const std::stop_token& stop,
                      const std::function<Result<void>(const ObjectInfo&)>& visit) {
  ListOptions options{.stop = stop};
  while (true) {
    VEDETTE_TRY(page, store.list(prefix, options));
    for (const auto& object : page.objects) VEDETTE_CHECK(visit(object));
    if (!page.next) return {};
    options.after = std::move(*page.next);
  }
}

}  // namespace vedette::blob

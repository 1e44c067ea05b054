#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "http/head.hpp"
#include "http/response.hpp"

namespace vedette::http {

Result<std::shared_ptr<const FileBody>> FileBody::open(const std::filesystem::path& path) {
  std::shared_ptr<FileBody> body(new FileBody);
  // O_NONBLOCK: opening a named pipe must not hang.
  body->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (body->descriptor_ < 0) {
    const int code = errno;
    const auto detail = fmt::format("{}: {}", path.string(), std::generic_category().message(code));
    if (code == ENOENT || code == ENOTDIR || code == ELOOP) {
      return fail(ErrorCode::kNotFound, "there is no such file", detail);
    }
    return fail(ErrorCode::kUnavailable, "the file cannot be opened now", detail);
  }
  struct stat info{};
  if (::fstat(body->descriptor_, &info) != 0 || !S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kNotFound, "there is no such file", path.string());
  }
  body->size_ = static_cast<std::uint64_t>(info.st_size);
  body->etag_ = fmt::format("\"{:x}-{:x}-{:x}{:09x}\"", info.st_ino, info.st_size,
                            info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  body->last_modified_ = http_date(info.st_mtim.tv_sec);
  return body;
}

Result<std::shared_ptr<const FileBody>> FileBody::of(int descriptor, std::string etag,
                                                     Instant modified) {
  std::shared_ptr<FileBody> body(new FileBody);
  body->descriptor_ = descriptor;
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) {
    return fail(ErrorCode::kUnavailable, "the file cannot be read now",
                std::generic_category().message(errno));
  }
  body->size_ = static_cast<std::uint64_t>(info.st_size);
  body->etag_ = std::move(etag);
  body->last_modified_ = http_date(
      std::chrono::duration_cast<std::chrono::seconds>(modified.time_since_epoch()).count());
  return body;
}

FileBody::~FileBody() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace vedette::http

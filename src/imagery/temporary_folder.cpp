#include "imagery/temporary_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/id.hpp"

namespace vedette::imagery {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> no_room(const fs::path& parent, int code) {
  return fail(code == ENOSPC || code == EDQUOT ? ErrorCode::kDiskFull : ErrorCode::kUnavailable,
              fmt::format("A folder for temporary files cannot be made in {}: {}.", parent.string(),
                          std::strerror(code)));
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::make(const fs::path& parent) {
  std::error_code failed;
  fs::create_directories(parent, failed);
  if (failed) return no_room(parent, failed.value());
  fs::path path = parent / new_uuid();
  if (::mkdir(path.c_str(), 0700) != 0) return no_room(parent, errno);
  const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    if (lock >= 0) ::close(lock);
    ::rmdir(path.c_str());
    return no_room(parent, code);
  }
  return TemporaryFolder(std::move(path), lock);
}

TemporaryFolder::~TemporaryFolder() {
  remove();
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::exchange(other.lock_, -1)) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

void TemporaryFolder::remove() {
  if (lock_ < 0) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  ::close(lock_);
  lock_ = -1;
}

void remove_left_folders(const fs::path& parent) {
  std::error_code ignored;
  for (fs::directory_iterator at(parent, ignored), end; at != end; at.increment(ignored)) {
    const fs::path path = at->path();
    const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0) continue;
    // Between making a folder and locking it there is a moment: a folder that new is left alone.
    struct stat info{};
    const bool is_old = ::fstat(lock, &info) == 0 && ::time(nullptr) - info.st_mtime > 60;
    std::error_code failed;
    if (is_old && ::flock(lock, LOCK_EX | LOCK_NB) == 0) fs::remove_all(path, failed);
    ::close(lock);
  }
}

}  // namespace vedette::imagery

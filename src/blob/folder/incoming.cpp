#include "blob/folder/incoming.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/id.hpp"

namespace vedette::blob {

namespace fs = std::filesystem;

Incoming::Incoming(const fs::path& folder)
    : path_(folder / new_uuid()),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}

Incoming::~Incoming() {
  if (file_.is_open() || is_whole_) ::unlink(path_.c_str());
}

bool Incoming::finish(bool is_synced) {
  is_whole_ = true;
  const bool is_done = !is_synced || ::fsync(file_.number()) == 0;
  const int code = errno;
  const bool is_closed = file_.close();
  if (!is_done) errno = code;
  return is_done && is_closed;
}

bool Incoming::move_to(const fs::path& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) return false;
  is_whole_ = false;
  return true;
}

bool sync_folder(const fs::path& folder) {
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle.is_open() && ::fsync(handle.number()) == 0;
}

bool sync_names(const fs::path& made) {
  struct stat own{};
  if (::stat(made.c_str(), &own) != 0) return false;
  for (auto folder = made; folder.has_relative_path();) {
    folder = folder.parent_path();
    struct stat info{};
    if (::stat(folder.c_str(), &info) != 0) return false;
    if (info.st_dev != own.st_dev) return true;
    // One that we may not read, we did not make.
    if (!sync_folder(folder) && errno != EACCES && errno != EPERM) return false;
  }
  return true;
}

}  // namespace vedette::blob

#include "blob/folder/file_handle.hpp"

#include <unistd.h>

#include <cerrno>

namespace vedette::blob {

bool FileHandle::close() {
  const int number = std::exchange(number_, -1);
  // After EINTR the descriptor is closed all the same on Linux.
  return number < 0 || ::close(number) == 0 || errno == EINTR;
}

std::int64_t read_some(int file, std::span<char> room, std::uint64_t offset) {
  ssize_t got = 0;
  do {
    got = ::pread(file, room.data(), room.size(), static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  return got;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace vedette::blob

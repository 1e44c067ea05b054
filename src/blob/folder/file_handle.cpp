#include "blob/folder/file_handle.hpp"

#include <unistd.h>

#include <algorithm>
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

std::int64_t copy_file(int from, int to, std::uint64_t size, const std::stop_token& stop) {
  // Between two looks at the stop.
  constexpr std::uint64_t kMostAtOnce = std::uint64_t{32} << 20;
  loff_t at = 0;
  while (static_cast<std::uint64_t>(at) < size && !stop.stop_requested()) {
    const auto left = size - static_cast<std::uint64_t>(at);
    const auto copied = ::copy_file_range(from, &at, to, nullptr, std::min(left, kMostAtOnce), 0);
    if (copied == 0) break;
    if (copied < 0 && errno != EINTR) return -1;
  }
  return at;
}

bool is_no_copy(int code) {
  return code == EXDEV || code == EINVAL || code == ENOSYS || code == EOPNOTSUPP || code == EPERM;
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

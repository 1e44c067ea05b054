#include "imagery/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace vedette::imagery {
namespace {

std::unexpected<Error> write_failed() {
  const int problem = errno;
  const bool is_full = problem == ENOSPC || problem == EDQUOT;
  return fail(
      is_full ? ErrorCode::kDiskFull : ErrorCode::kUnavailable,
      is_full ? "the disk is full: the map could not be written" : "the map could not be written",
      std::strerror(problem));
}

Result<> write_all(int descriptor, std::span<const std::uint8_t> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t put =
        ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return write_failed();
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::make(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return write_failed();
  return std::unique_ptr<Spool>(new Spool(path, descriptor));
}

Spool::~Spool() {
  ::close(descriptor_);
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

Result<Spool::Place> Spool::append(std::span<const std::uint8_t> bytes) {
  Place place;
  place.bytes = static_cast<std::uint32_t>(bytes.size());
  {
    const std::lock_guard lock(end_mutex_);
    place.offset = end_;
    end_ += bytes.size();
  }
  // Each tile has a place of its own: no lock is needed to write there.
  VEDETTE_CHECK(write_all(descriptor_, bytes, place.offset));
  return place;
}

Result<> Spool::write(const std::filesystem::path& path, std::string_view head,
                      std::span<const Place> tiles) const {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return write_failed();
  struct Closed {
    int descriptor;
    ~Closed() { ::close(descriptor); }
  } const closed{descriptor};
  VEDETTE_CHECK(
      write_all(descriptor, {reinterpret_cast<const std::uint8_t*>(head.data()), head.size()}, 0));
  std::uint64_t at = head.size();
  std::vector<std::uint8_t> buffer;
  for (const Place& place : tiles) {
    buffer.resize(place.bytes);
    std::size_t have = 0;
    while (have < buffer.size()) {
      const ssize_t got = ::pread(descriptor_, &buffer[have], buffer.size() - have,
                                  static_cast<off_t>(place.offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return write_failed();
      have += static_cast<std::size_t>(got);
    }
    VEDETTE_CHECK(write_all(descriptor, buffer, at));
    at += place.bytes;
  }
  return {};
}

}  // namespace vedette::imagery

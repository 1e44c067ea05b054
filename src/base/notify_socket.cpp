#include "base/notify_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace vedette {
namespace {

std::string_view variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string_view{} : std::string_view(text);
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

std::unexpected<Error> cannot_be_told(std::string_view socket, int code) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("the service manager cannot be told how this process is: {}: {}", socket,
                          std::strerror(code)));
}

}  // namespace

NotifySocket::NotifySocket(std::string socket, Micros watchdog)
    : socket_(std::move(socket)), watchdog_(watchdog) {}

NotifySocket NotifySocket::of_environment() {
  const std::string_view socket = variable("NOTIFY_SOCKET");
  if (!socket.starts_with('/') && !socket.starts_with('@')) return NotifySocket("");
  const std::string_view pid = variable("WATCHDOG_PID");
  const bool is_ours = pid.empty() || number(pid) == static_cast<std::int64_t>(::getpid());
  const auto watchdog = number(variable("WATCHDOG_USEC"));
  return NotifySocket(std::string(socket), Micros(is_ours && watchdog ? *watchdog : 0));
}

Result<void> NotifySocket::tell(const std::string& lines) const {
  if (!is_there()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) return cannot_be_told(socket_, ENAMETOOLONG);
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  // An abstract name ends where the length says; a path with its zero or there.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int handle = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (handle < 0) return cannot_be_told(socket_, errno);
  // A manager that reads nothing must not hold up this process.
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto sent = ::sendto(handle, lines.data(), lines.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length);
  const int code = errno;
  ::close(handle);
  if (sent < 0) return cannot_be_told(socket_, code);
  return {};
}

}  // namespace vedette

#include "app/http_get.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

namespace vedette::app {
namespace {

namespace beast_http = boost::beast::http;
using Deadline = std::chrono::steady_clock::time_point;

constexpr std::uint64_t kMaxBody = 8 << 20;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string where(const HttpTarget& target) {
  return target.host.contains(':') ? fmt::format("[{}]:{}", target.host, target.port)
                                   : fmt::format("{}:{}", target.host, target.port);
}

Result<> wait(int descriptor, short events, Deadline deadline, const HttpTarget& target) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd entry{descriptor, events, 0};
  if (left.count() > 0 && ::poll(&entry, 1, static_cast<int>(left.count())) > 0) return {};
  return fail(ErrorCode::kTimeout, fmt::format("{} does not answer in time", where(target)));
}

Result<Socket> connect(const HttpTarget& target, Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found);
      code != 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the name {} cannot be resolved: {}", target.host, gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  int reason = ECONNREFUSED;
  for (const auto* address = found; address != nullptr; address = address->ai_next) {
    Socket socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) {
      reason = errno;
      continue;
    }
    if (::connect(socket.get(), address->ai_addr, address->ai_addrlen) == 0) return socket;
    reason = errno;
    if (reason != EINPROGRESS) continue;
    VEDETTE_CHECK(wait(socket.get(), POLLOUT, deadline, target));
    socklen_t size = sizeof reason;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason, &size);
    if (reason == 0) return socket;
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("nothing answers at {}: {}", where(target), std::strerror(reason)));
}

Result<> send_all(const Socket& socket, std::string_view bytes, Deadline deadline,
                  const HttpTarget& target) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      VEDETTE_CHECK(wait(socket.get(), POLLOUT, deadline, target));
    } else if (errno != EINTR) {
      return fail(ErrorCode::kUnavailable, fmt::format("{} closed the connection", where(target)));
    }
  }
  return {};
}

Result<HttpReply> receive(const Socket& socket, Deadline deadline, const HttpTarget& target) {
  beast_http::response_parser<beast_http::string_body> parser;
  parser.body_limit(kMaxBody);
  parser.eager(true);
  std::string pending;
  std::array<char, 16384> piece{};
  boost::system::error_code error;
  while (!parser.is_done()) {
    const auto got = ::recv(socket.get(), piece.data(), piece.size(), 0);
    if (got < 0 && errno == EAGAIN) {
      VEDETTE_CHECK(wait(socket.get(), POLLIN, deadline, target));
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      // Beast wants at least a byte before it is told of an end.
      if (parser.got_some()) parser.put_eof(error);
      if (!parser.is_done()) error = beast_http::error::partial_message;
    } else {
      pending.append(piece.data(), static_cast<std::size_t>(got));
      const auto used = parser.put(boost::asio::buffer(pending), error);
      pending.erase(0, used);
      if (error == beast_http::error::need_more) error = {};
      // A head that never ends.
      if (pending.size() > std::size_t{64} * 1024) error = beast_http::error::header_limit;
    }
    if (error) {
      return fail(ErrorCode::kCorrupt, fmt::format("what {} answers is not HTTP as Vedette speaks "
                                                   "it ({})",
                                                   where(target), error.message()));
    }
  }
  auto& message = parser.get();
  return HttpReply{static_cast<int>(message.result_int()), std::move(message.body())};
}

}  // namespace

Result<HttpTarget> parse_target(std::string_view url) {
  const auto refuse = [&] {
    return fail(ErrorCode::kUsage,
                fmt::format("\"{}\" is not an address like http://127.0.0.1:8080", url));
  };
  if (url.starts_with("https://")) {
    return fail(ErrorCode::kUsage,
                "https is not spoken here; name the server behind the proxy, "
                "such as http://127.0.0.1:8080");
  }
  if (url.starts_with("http://")) url.remove_prefix(7);
  const auto slash = url.find('/');
  HttpTarget target;
  if (slash != std::string_view::npos) target.base = url.substr(slash);
  while (target.base.ends_with('/')) target.base.pop_back();
  auto authority = url.substr(0, slash);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && !authority.ends_with(']');
  target.port = has_port ? authority.substr(colon + 1) : "80";
  target.host = authority.substr(0, has_port ? colon : authority.size());
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  const auto is_plain = [](std::string_view text) {
    return !text.empty() && text.find_first_of(" \t\r\n@?#\"\\") == std::string_view::npos;
  };
  if (!is_plain(target.host) || !is_plain(target.port) || target.host.size() > 255) return refuse();
  if (target.port.find_first_not_of("0123456789") != std::string::npos || target.port.size() > 5) {
    return refuse();
  }
  if (!target.base.empty() && !is_plain(target.base)) return refuse();
  return target;
}

Result<HttpReply> http_get(const HttpTarget& target, std::string_view path, std::string_view token,
                           Micros timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  VEDETTE_TRY(socket, connect(target, deadline));
  auto request = fmt::format(
      "GET {}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: application/json\r\n",
      target.base, path, where(target));
  if (!token.empty()) request += fmt::format("Authorization: Bearer {}\r\n", token);
  request += "\r\n";
  VEDETTE_CHECK(send_all(socket, request, deadline, target));
  return receive(socket, deadline, target);
}

}  // namespace vedette::app

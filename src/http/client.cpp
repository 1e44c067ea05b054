#include "http/client.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace vedette::http {
namespace {

namespace beast_http = boost::beast::http;
using Deadline = std::chrono::steady_clock::time_point;

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string where(const HttpTarget& target) {
  return target.host.contains(':') ? fmt::format("[{}]:{}", target.host, target.port)
                                   : fmt::format("{}:{}", target.host, target.port);
}

// Waits for a socket, a deadline and a stop at once.
class Waiter {
 public:
  explicit Waiter(std::stop_token stop)
      : stop_(std::move(stop)),
        event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        on_stop_(stop_, Raise{event_.get()}) {}

  /// False: the time is up.
  Result<bool> wait(const Descriptor& socket, short events, Deadline deadline) const {
    while (true) {
      if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "asked to stop");
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      std::array<pollfd, 2> entries{{{socket.get(), events, 0}, {event_.get(), POLLIN, 0}}};
      ::poll(entries.data(), entries.size(), static_cast<int>(left.count()));
      if (entries[0].revents != 0) return true;
    }
  }

 private:
  struct Raise {
    int event;
    void operator()() const { (void)::eventfd_write(event, 1); }
  };
  std::stop_token stop_;
  Descriptor event_;
  std::stop_callback<Raise> on_stop_;
};

std::unexpected<Error> too_late(const HttpTarget& target) {
  return fail(ErrorCode::kTimeout, fmt::format("{} does not answer in time", where(target)));
}

Result<Descriptor> connect(const HttpTarget& target, const Waiter& waiter, Deadline deadline) {
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
    Descriptor socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) {
      reason = errno;
      continue;
    }
    if (::connect(socket.get(), address->ai_addr, address->ai_addrlen) == 0) return socket;
    reason = errno;
    if (reason != EINPROGRESS) continue;
    VEDETTE_TRY(is_ready, waiter.wait(socket, POLLOUT, deadline));
    if (!is_ready) return too_late(target);
    socklen_t size = sizeof reason;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason, &size);
    if (reason == 0) return socket;
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("nothing answers at {}: {}", where(target), std::strerror(reason)));
}

Result<> send_all(const Descriptor& socket, std::string_view bytes, const Waiter& waiter,
                  Deadline deadline, const HttpTarget& target) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      VEDETTE_TRY(is_ready, waiter.wait(socket, POLLOUT, deadline));
      if (!is_ready) return too_late(target);
    } else if (errno != EINTR) {
      return fail(ErrorCode::kUnavailable, fmt::format("{} closed the connection", where(target)));
    }
  }
  return {};
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

struct HttpStream::State {
  State(HttpTarget to, std::stop_token stop) : target(std::move(to)), waiter(std::move(stop)) {}

  HttpTarget target;
  Waiter waiter;
  Descriptor socket{-1};
  beast_http::response_parser<beast_http::string_body> parser;
  std::string pending;  // received, and not yet parsed

  Result<> ask(std::string_view path, const GetOptions& options, Deadline deadline);
  /// Takes in what comes next. False: nothing until `deadline`.
  Result<bool> receive(Deadline deadline);
};

Result<> HttpStream::State::ask(std::string_view path, const GetOptions& options,
                                Deadline deadline) {
  parser.eager(true);
  if (options.most_bytes > 0) {
    parser.body_limit(options.most_bytes);
  } else {
    parser.body_limit(boost::none);
  }
  VEDETTE_TRY(connected, connect(target, waiter, deadline));
  socket = std::move(connected);
  auto request = fmt::format("GET {}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", target.base,
                             path, where(target));
  if (!options.token.empty()) request += fmt::format("Authorization: Bearer {}\r\n", options.token);
  request += "\r\n";
  return send_all(socket, request, waiter, deadline, target);
}

Result<bool> HttpStream::State::receive(Deadline deadline) {
  std::array<char, 16384> piece{};
  ssize_t got = 0;
  while ((got = ::recv(socket.get(), piece.data(), piece.size(), 0)) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) break;
    VEDETTE_TRY(is_ready, waiter.wait(socket, POLLIN, deadline));
    if (!is_ready) return false;
  }
  boost::system::error_code error;
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
    return fail(ErrorCode::kCorrupt,
                fmt::format("what {} answers is not HTTP as Vedette speaks it ({})", where(target),
                            error.message()));
  }
  return true;
}

HttpStream::HttpStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpStream::~HttpStream() = default;
HttpStream::HttpStream(HttpStream&&) noexcept = default;
HttpStream& HttpStream::operator=(HttpStream&&) noexcept = default;

Result<HttpStream> HttpStream::open(const HttpTarget& target, std::string_view path,
                                    const GetOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  auto state = std::make_unique<State>(target, options.stop);
  VEDETTE_CHECK(state->ask(path, options, deadline));
  while (!state->parser.is_header_done()) {
    VEDETTE_TRY(has_come, state->receive(deadline));
    if (!has_come) return too_late(target);
  }
  return HttpStream(std::move(state));
}

int HttpStream::status() const {
  return static_cast<int>(state_->parser.get().result_int());
}

std::string HttpStream::content_type() const {
  return std::string(state_->parser.get()[beast_http::field::content_type]);
}

Result<std::string> HttpStream::read(Micros timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  auto& body = state_->parser.get().body();
  while (body.empty() && !state_->parser.is_done()) {
    VEDETTE_TRY(has_come, state_->receive(deadline));
    if (!has_come) break;
  }
  return std::exchange(body, {});
}

bool HttpStream::is_over() const {
  return state_->parser.is_done() && state_->parser.get().body().empty();
}

Result<HttpReply> http_get(const HttpTarget& target, std::string_view path,
                           const GetOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  VEDETTE_TRY(stream, HttpStream::open(target, path, options));
  HttpReply reply{stream.status(), stream.content_type(), {}};
  while (!stream.is_over()) {
    const auto left =
        std::chrono::duration_cast<Micros>(deadline - std::chrono::steady_clock::now());
    VEDETTE_TRY(piece, stream.read(left));
    if (piece.empty() && !stream.is_over()) return too_late(target);
    reply.body += piece;
  }
  return reply;
}

}  // namespace vedette::http

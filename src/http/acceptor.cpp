#include "http/acceptor.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"

namespace vedette::http {
namespace {

namespace asio = boost::asio;
using Code = boost::system::error_code;

std::string address_text(const sockaddr_storage& storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

}  // namespace

Acceptor::Acceptor(SharedState& shared, const std::vector<std::shared_ptr<IoLoop>>& loops)
    : shared_(shared),
      loops_(loops),
      socket_(loops_.front()->context()),
      pause_timer_(loops_.front()->context()) {}

Result<void> Acceptor::listen() {
  const auto& options = shared_.options;
  Code code;
  const auto address =
      asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, code);
  if (code) {
    return fail(ErrorCode::kUsage,
                fmt::format("cannot listen on \"{}\": this is not an IP address (use 127.0.0.1 for "
                            "this machine alone, 0.0.0.0 for all networks)",
                            options.address));
  }
  const asio::ip::tcp::endpoint endpoint(address, options.port);
  const auto where = fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"),
                                 options.address, options.port);
  socket_.open(endpoint.protocol(), code);
  if (!code) socket_.set_option(asio::socket_base::reuse_address(true), code);
  if (!code) socket_.bind(endpoint, code);
  constexpr int kBacklog = 1024;
  if (!code) socket_.listen(kBacklog, code);
  if (!code) socket_.native_non_blocking(true, code);
  if (!code) port_ = socket_.local_endpoint(code).port();
  if (!code) return {};

  if (code == asio::error::address_in_use) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("cannot listen on {}: another program uses this port; stop it, or choose "
                    "another port with --listen",
                    where));
  }
  if (code == asio::error::access_denied) {
    return fail(ErrorCode::kForbidden,
                fmt::format("cannot listen on {}: ports below 1024 need root; choose another port "
                            "with --listen",
                            where));
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("cannot listen on {}: {}", where, code.message()));
}

void Acceptor::start() {
  arm();
}

void Acceptor::stop() {
  loops_.front()->post([this] {
    Code ignored;
    socket_.close(ignored);
    pause_timer_.cancel();
  });
}

void Acceptor::arm() {
  socket_.async_wait(asio::socket_base::wait_read, [this](const Code& code) {
    if (!code) accept_all();
  });
}

void Acceptor::accept_all() {
  // A bound, so that a storm of arrivals does not keep the thread from those who are here.
  constexpr int kAtOnce = 256;
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int socket = ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      least_loaded().adopt(socket, address_text(peer));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (!has_complained_) {
      has_complained_ = true;
      log::warn("http", "cannot accept connections for now: {}; trying again every 200 ms",
                std::strerror(errno));
    }
    pause();
    return;
  }
  arm();
}

/// Out of descriptors or memory: waiting readable would only spin.
void Acceptor::pause() {
  pause_timer_.expires_after(std::chrono::milliseconds(200));
  pause_timer_.async_wait([this](const Code& code) {
    if (!code && socket_.is_open()) arm();
  });
}

IoLoop& Acceptor::least_loaded() {
  return **std::ranges::min_element(loops_, std::less{}, [](const auto& loop) {
    return loop->counters().connections.load(std::memory_order_relaxed);
  });
}

}  // namespace vedette::http

// A client that says exactly what a test wants on a raw socket, and a server that runs beside it.
// For this folder's tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/auth.hpp"
#include "http/field_text.hpp"
#include "http/server.hpp"

namespace vedette::http {

struct Reply {
  int status = 0;  // 0: the connection ended before a whole reply came
  std::string head;
  std::string body;

  std::string field(std::string_view name) const {
    std::string_view rest = head;
    while (!rest.empty()) {
      const auto end = rest.find("\r\n");
      const auto line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
      const auto colon = line.find(':');
      if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name)) {
        return std::string(trim(line.substr(colon + 1)));
      }
    }
    return {};
  }
};

class RawClient {
 public:
  /// `receive_buffer` > 0 makes a client that takes little at a time.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(socket_);
      throw std::runtime_error("the test client cannot connect");
    }
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Sends what is taken at once; 0 when nothing is taken within the limit.
  std::size_t send_some(std::string_view bytes, std::chrono::milliseconds limit) {
    pollfd poll_socket{socket_, POLLOUT, 0};
    if (::poll(&poll_socket, 1, static_cast<int>(limit.count())) <= 0) return 0;
    const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  /// Appends what comes next to `buffer`; false at the end or when nothing comes in time.
  bool receive(std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    pollfd poll_socket{socket_, POLLIN, 0};
    if (::poll(&poll_socket, 1, static_cast<int>(limit.count())) <= 0) return false;
    char chunk[65536];
    const auto count = ::recv(socket_, chunk, sizeof chunk, 0);
    if (count <= 0) {
      is_closed_ = true;
      return false;
    }
    buffer.append(chunk, static_cast<std::size_t>(count));
    return true;
  }
  /// Reads until `text` has come; false when it does not.
  bool wait_for(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    std::size_t searched = 0;
    while (buffer.find(text, searched) == std::string::npos) {
      searched = buffer.size() < text.size() ? 0 : buffer.size() - text.size();
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0 || !receive(left)) return false;
    }
    return true;
  }
  /// True when the server closes within the limit; what it still sends is read into `buffer`.
  bool wait_closed(std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!is_closed_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      receive(left);
    }
    return true;
  }

  /// The next reply; `expect_body` is false after HEAD.
  Reply reply(bool expect_body = true) {
    Reply reply;
    if (!wait_for("\r\n\r\n")) return reply;
    const auto end = buffer.find("\r\n\r\n") + 4;
    reply.head = buffer.substr(0, end);
    buffer.erase(0, end);
    const int status = std::atoi(reply.head.c_str() + 9);
    const auto length = reply.field("content-length");
    if (expect_body && status != 304 && status != 204 && !length.empty()) {
      const auto size = static_cast<std::size_t>(std::atoll(length.c_str()));
      while (buffer.size() < size) {
        if (!receive()) return reply;
      }
      reply.body = buffer.substr(0, size);
      buffer.erase(0, size);
    }
    reply.status = status;
    return reply;
  }
  Reply get(std::string_view target, std::string_view fields = {}) {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) +
         "\r\n");
    return reply();
  }
  Reply post(std::string_view target, std::string_view body,
             std::string_view fields = "Content-Type: application/json\r\n") {
    send("POST " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body));
    return reply();
  }

  std::string buffer;

 private:
  int socket_ = -1;
  bool is_closed_ = false;
};

/// A server on a free loopback port for the length of a test.
struct TestServer {
  SystemClock clock;
  std::shared_ptr<const Auth> auth;
  std::unique_ptr<Server> server;

  explicit TestServer(Router router, ServerOptions options = {}, AuthOptions auth_options = {})
      : auth(std::make_shared<const Auth>(std::move(auth_options), clock)) {
    options.port = 0;
    server = std::make_unique<Server>(options, std::move(router), auth);
    if (const auto started = server->start(); !started) {
      throw std::runtime_error(started.error().message);
    }
  }
  std::uint16_t port() const { return server->port(); }
};

}  // namespace vedette::http

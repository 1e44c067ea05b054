// A small server on loopback for tests of cameras: each connection is given to a function, one
// after the other.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

namespace vedette::media {

class Listener {
 public:
  explicit Listener(std::function<void(int)> serve) : serve_(std::move(serve)) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] {
      for (;;) {
        const int peer = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) return;
        serve_(peer);
        close(peer);
      }
    });
  }
  ~Listener() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& scheme, const std::string& path = "/camera") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  std::function<void(int)> serve_;
  int socket_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

inline bool say(int peer, std::string_view text) {
  while (!text.empty()) {
    const auto sent = send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// The head of a request.
inline std::string read_request(int peer) {
  std::string got;
  char bytes[512];
  while (got.find("\r\n\r\n") == std::string::npos) {
    const auto count = recv(peer, bytes, sizeof bytes, 0);
    if (count <= 0) break;
    got.append(bytes, static_cast<std::size_t>(count));
  }
  return got;
}

inline void wait_until_closed(int peer) {
  char byte;
  while (recv(peer, &byte, 1, 0) > 0) {
  }
}

}  // namespace vedette::media

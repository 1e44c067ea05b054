#include "blob/testing/scripted_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/text.hpp"

namespace vedette::blob::testing {
namespace {

void send_all(int client, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// One request; nothing when the other side went away.
std::optional<Asked> receive(int client) {
  std::string text;
  std::vector<char> room(std::size_t{1} << 16);
  Asked asked;
  std::size_t wanted = std::string::npos;
  while (text.size() < wanted) {
    const ssize_t got = ::recv(client, room.data(), room.size(), 0);
    if (got <= 0) return std::nullopt;
    text.append(room.data(), static_cast<std::size_t>(got));
    const auto end = text.find("\r\n\r\n");
    if (wanted != std::string::npos || end == std::string::npos) continue;
    asked.head = text.substr(0, end + 2);
    wanted = end + 4 + static_cast<std::size_t>(std::atoll(asked.field("Content-Length").c_str()));
    if (!asked.field("Expect").empty()) send_all(client, "HTTP/1.1 100 Continue\r\n\r\n");
  }
  std::string_view line = asked.head;
  asked.method = cut(line, ' ');
  asked.target = cut(line, ' ');
  asked.body = text.substr(asked.head.size() + 2);
  return asked;
}

}  // namespace

std::string Asked::field(std::string_view name) const {
  std::string_view rest = head;
  (void)cut(rest, '\n');
  while (!rest.empty()) {
    auto line = cut(rest, '\n');
    if (equals_ignoring_case(cut(line, ':'), name)) return std::string(trim(line));
  }
  return {};
}

Answer answer(int status, std::string_view body,
              const std::vector<std::pair<std::string, std::string>>& fields) {
  auto text = fmt::format("HTTP/1.1 {} Said\r\nConnection: close\r\n", status);
  bool has_length = false;
  for (const auto& [name, value] : fields) {
    has_length = has_length || equals_ignoring_case(name, "content-length");
    text += fmt::format("{}: {}\r\n", name, value);
  }
  if (!has_length && status != 204) text += fmt::format("Content-Length: {}\r\n", body.size());
  return {fmt::format("{}\r\n{}", text, body)};
}

Answer refuse(int status, std::string_view code, std::string_view more) {
  return answer(status,
                fmt::format("<?xml version=\"1.0\"?><Error><Code>{}</Code>"
                            "<Message>as the test wants</Message>{}</Error>",
                            code, more),
                {{"Content-Type", "application/xml"}});
}

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, raw, &size) != 0) {
    throw std::runtime_error("no port to listen at");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

S3Options ScriptedServer::options() const {
  S3Options options;
  options.endpoint = fmt::format("http://127.0.0.1:{}", port_);
  options.bucket = "bucket";
  options.access_key = "ACCESS";
  options.secret_key = "very-secret";
  options.part_size = std::uint64_t{5} << 20;
  options.first_wait = std::chrono::microseconds(100);
  options.longest_wait = std::chrono::milliseconds(1);
  return options;
}

std::vector<Asked> ScriptedServer::asked() const {
  const Lock lock(asked_mutex_);
  return asked_;
}

void ScriptedServer::serve() {
  while (true) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    serve_one(client);
    ::close(client);
  }
}

void ScriptedServer::serve_one(int client) {
  auto asked = receive(client);
  if (!asked) return;
  {
    const Lock lock(asked_mutex_);
    asked_.push_back(*asked);
  }
  const auto said = script_(*asked);
  const auto body = said.pause.count() == 0 ? said.bytes.size() : said.bytes.find("\r\n\r\n") + 4;
  send_all(client, std::string_view(said.bytes).substr(0, body));
  const auto piece = (said.bytes.size() - body) / 10 + 1;
  for (auto at = body; at < said.bytes.size(); at += piece) {
    std::this_thread::sleep_for(said.pause);
    send_all(client, std::string_view(said.bytes).substr(at, piece));
  }
  if (said.then == Answer::Then::kReset) {
    const linger at_once{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  } else if (said.then == Answer::Then::kHold) {
    char byte = 0;
    while (::recv(client, &byte, 1, 0) > 0) {
    }
  }
}

}  // namespace vedette::blob::testing

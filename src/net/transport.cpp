#include "net/transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace vedette::net {

bool is_curl_ready() {
  static const bool kIsReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return kIsReady;
}

std::unique_ptr<Transport> Transport::make() {
  std::unique_ptr<Transport> made(new Transport);
  made->multi_.reset(is_curl_ready() ? curl_multi_init() : nullptr);
  return made->multi_ ? std::move(made) : nullptr;
}

bool Transport::watch(CURL* easy) {
  return curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &Transport::on_open) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, this) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Transport::on_close) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this) == CURLE_OK;
}

void Transport::acknowledge() const {
  // The kernel falls back to waiting by itself, so that this is said at each wait.
  const int is_quick = 1;
  for (const auto socket : sockets_) {
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &is_quick, sizeof is_quick);
  }
}

int Transport::on_open(void* self, curl_socket_t socket, curlsocktype /*purpose*/) {
  static_cast<Transport*>(self)->sockets_.push_back(socket);
  return CURL_SOCKOPT_OK;
}

int Transport::on_close(void* self, curl_socket_t socket) {
  std::erase(static_cast<Transport*>(self)->sockets_, socket);
  return ::close(socket);
}

std::unique_ptr<Transport> Connections::Idle::take() {
  const Lock lock(waiting_mutex_);
  if (waiting_.empty()) return Transport::make();
  // The one that was used last is the likeliest to be open still.
  auto transport = std::move(waiting_.back());
  waiting_.pop_back();
  return transport;
}

void Connections::Idle::give_back(std::unique_ptr<Transport> transport) {
  const Lock lock(waiting_mutex_);
  if (waiting_.size() < most_) waiting_.push_back(std::move(transport));
}

Connections::Connections(std::size_t most_idle) : idle_(std::make_unique<Idle>(most_idle)) {}
Connections::~Connections() = default;

}  // namespace vedette::net

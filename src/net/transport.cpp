#include "net/transport.hpp"

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

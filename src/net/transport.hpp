// What carries one request after the other to a server: libcurl's multi handle, which owns the one
// connection that they leave open. Used by the transfers of the HTTP
// client, by one thread at a time; Connections::Idle by any.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "net/http_client.hpp"

namespace vedette::net {

/// libcurl's own start, once for the process.
bool is_curl_ready();

class Transport {
 public:
  /// Nothing when libcurl does not start.
  static std::unique_ptr<Transport> make();

  CURLM* multi() const { return multi_.get(); }

 private:
  struct Deleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  Transport() = default;

  std::unique_ptr<CURLM, Deleter> multi_;
};

class Connections::Idle {
 public:
  explicit Idle(std::size_t most) : most_(most) {}

  /// A fresh one when none waits.
  std::unique_ptr<Transport> take() VEDETTE_EXCLUDES(waiting_mutex_);
  void give_back(std::unique_ptr<Transport> transport) VEDETTE_EXCLUDES(waiting_mutex_);

 private:
  const std::size_t most_;
  Mutex waiting_mutex_;
  std::vector<std::unique_ptr<Transport>> waiting_ VEDETTE_GUARDED_BY(waiting_mutex_);
};

}  // namespace vedette::net

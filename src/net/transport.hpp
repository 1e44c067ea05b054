// What carries one request after the other to a server: libcurl's multi handle, which owns the one
// connection that they leave open, and the sockets it opened. Used by the transfers of the HTTP
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
  /// Learns of the sockets that this request opens and closes; false: libcurl does not take it.
  bool watch(CURL* easy);
  /// Tells the server at once that its bytes have come, where the kernel would wait up to 40 ms for
  /// something to say with it. A server that sends the head of an answer, and does not send the
  /// rest before it knows that (Nagle's algorithm), would lose them at every request.
  void acknowledge() const;

 private:
  struct Deleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  Transport() = default;
  static int on_open(void* self, curl_socket_t socket, curlsocktype purpose);
  static int on_close(void* self, curl_socket_t socket);

  std::vector<curl_socket_t> sockets_;  // before the handle, which closes them as it goes
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

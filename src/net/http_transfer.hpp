// One request and its answer, as libcurl carries them. Used by HttpStream alone; one thread at a
// time, but for the stop token.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "net/http_client.hpp"
#include "net/transport.hpp"

namespace vedette::net {

// One transfer, driven by whoever reads: while nobody does, nothing is taken off the connection.
class HttpStream::State {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  State(HttpTarget target, const AskOptions& options)
      : target_(std::move(target)),
        most_bytes_(options.most_bytes),
        stall_(options.stall),
        ca_file_(options.ca_file),
        idle_(options.connections == nullptr ? nullptr : options.connections->idle_.get()),
        transport_(idle_ != nullptr ? idle_->take() : Transport::make()),
        stop_(options.stop) {
    on_stop_.emplace(stop_, Wake{transport_ ? transport_->multi() : nullptr});
  }
  ~State() {
    if (is_added_) curl_multi_remove_handle(transport_->multi(), easy_.get());
    on_stop_.reset();
    if (idle_ != nullptr && transport_) idle_->give_back(std::move(transport_));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> ask(HttpRequest request);
  /// Goes on until the head is there; false when the time is up first.
  Result<bool> await_head(Deadline deadline);
  /// Goes on until some of the body is there, or the end, or `deadline`.
  Result<void> await_body(Deadline deadline);

  int status() const;
  std::string content_type() const;
  const HeaderFields& headers() const { return answer_headers_; }
  void take_body(std::string& into) {
    into.clear();
    std::swap(into, body_);
  }
  bool is_over() const { return result_ == CURLE_OK && body_.empty(); }

 private:
  struct Deleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  struct Wake {
    CURLM* multi;
    void operator()() const { curl_multi_wakeup(multi); }
  };

  static std::size_t on_head(char* line, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self);
  static std::size_t on_read(char* room, std::size_t, std::size_t size, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);
  std::size_t give_body(std::span<char> room);
  template <class Done>
  Result<bool> advance(Deadline deadline, Done is_done);
  std::unexpected<Error> failure() const;

  HttpTarget target_;
  HttpRequest request_;
  std::size_t given_ = 0;            // of request_.body
  std::optional<Error> body_error_;  // of request_.source
  std::uint64_t most_bytes_;
  Micros stall_;
  Deadline moved_;  // when a byte went or came last
  std::string ca_file_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  std::unique_ptr<CURL, Deleter> easy_{is_curl_ready() ? curl_easy_init() : nullptr};
  std::unique_ptr<curl_slist, Deleter> headers_;
  Connections::Idle* idle_;
  std::unique_ptr<Transport> transport_;
  bool is_added_ = false;

  std::size_t head_bytes_ = 0;
  HeaderFields answer_headers_;
  std::uint64_t body_bytes_ = 0;
  bool has_head_ = false;
  bool is_too_large_ = false;
  bool is_paused_ = false;
  std::string body_;                // received, and not yet read
  std::optional<CURLcode> result_;  // of the whole transfer, once it is over

  std::stop_token stop_;
  std::optional<std::stop_callback<Wake>> on_stop_;
};

}  // namespace vedette::net

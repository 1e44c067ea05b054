// Turns the bytes of a connection into a Request, piece by piece, by Beast's parser plus the
// strictness a server without a proxy in front needs. Internal to http; one io thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/request.hpp"

namespace vedette::http {

class RequestParser {
 public:
  enum class State { kHead, kHeadDone, kBody, kDone, kFailed };

  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Starts anew; `request` is cleared and filled, and outlives the parse.
  void begin(Request& request, std::size_t header_limit);
  /// Takes a prefix of `bytes` and returns its length; what is left must be offered again with more
  /// behind it. Stops once at kHeadDone, so that the caller can judge the head before the body.
  std::size_t feed(std::string_view bytes);
  State state() const { return state_; }

  /// After kHeadDone: continues to the body, or to kDone where there is none.
  /// The body goes to the request, or to `landing`, which outlives the parse.
  void read_body(std::uint64_t body_limit, std::string* landing = nullptr);
  bool has_body() const { return has_body_; }
  /// Declared length; nullopt for a chunked body.
  std::optional<std::uint64_t> body_length() const { return body_length_; }
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return http_1_0_; }
  bool expects_continue() const { return expects_continue_; }

  /// After kFailed: the status to answer, and why, for people.
  int failure_status() const { return failure_status_; }
  std::string_view failure() const { return failure_; }

 private:
  class Beast;
  void fail(int status, std::string_view why);
  void judge_head();

  std::unique_ptr<Beast> beast_;
  Request* request_ = nullptr;
  State state_ = State::kHead;
  std::size_t header_limit_ = 0;
  std::size_t head_bytes_ = 0;
  std::optional<std::uint64_t> body_length_;
  bool has_body_ = false;
  bool keep_alive_ = false;
  bool http_1_0_ = false;
  bool expects_continue_ = false;
  int failure_status_ = 400;
  std::string_view failure_;
};

}  // namespace vedette::http

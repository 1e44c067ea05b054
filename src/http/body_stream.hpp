// A request body on its way to its handler, of any size in flat memory: the connection puts in what
// comes, the handler takes it out, and when the handler is slow the connection stops receiving, so
// that the client waits. One io thread and one handler thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/mutex.hpp"

namespace vedette::http {

class BodyStream {
 public:
  /// `ask` has the connection receive; called on the handler's thread. Nothing is received before
  /// the handler reads.
  explicit BodyStream(std::move_only_function<void()> ask) : ask_(std::move(ask)) {}

  /// For the handler. Blocks until some of the body is there: about 1 MiB at most, valid until the
  /// next call. Empty: this was all. An error when the rest cannot come, once what had come is
  /// given, and then again and again: kTooLarge, kInvalid (its framing is broken), kTimeout (the
  /// client is too slow), kCancelled (the client has gone, or the server stops). The connection
  /// answers what concerns the client by itself; a handler passes the error on, or answers early
  /// without reading to the end.
  Result<std::string_view> read();

  /// For the connection: takes all of `bytes` and leaves it empty. False: enough for now, wait for
  /// `ask`.
  bool put(std::string& bytes);
  void end();
  void fail(Error error);

 private:
  std::move_only_function<void()> ask_;
  std::string current_;  // the handler's

  Mutex body_mutex_;
  std::condition_variable_any changed_;
  std::string waiting_ VEDETTE_GUARDED_BY(body_mutex_);
  bool is_asked_ VEDETTE_GUARDED_BY(body_mutex_) = false;
  bool is_over_ VEDETTE_GUARDED_BY(body_mutex_) = false;
  std::optional<Error> error_ VEDETTE_GUARDED_BY(body_mutex_);
};

}  // namespace vedette::http

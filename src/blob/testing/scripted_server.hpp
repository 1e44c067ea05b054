// A server on 127.0.0.1 that answers what a test wants, byte for byte: busy, lying, cut off,
// silent. It keeps what it was asked. For tests; the answers are made on its own thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "blob/options.hpp"

namespace vedette::blob::testing {

struct Asked {
  std::string method;
  std::string target;
  std::string head;  // all of it
  std::string body;

  /// The value of a field, or "".
  std::string field(std::string_view name) const;
  bool has(std::string_view text) const { return target.contains(text); }
};

struct Answer {
  std::string bytes;
  enum class Then {
    kClose,
    kReset,  // the connection breaks
    kHold,   // nothing more comes, until the other side gives up
  };
  Then then = Then::kClose;
  /// Not zero: the body comes in ten pieces with this between them.
  std::chrono::milliseconds pause{0};
};

/// "HTTP/1.1 200 OK" with these fields and the body's length.
Answer answer(int status, std::string_view body = {},
              const std::vector<std::pair<std::string, std::string>>& fields = {});
/// An <Error> with this code.
Answer refuse(int status, std::string_view code, std::string_view more = {});

class ScriptedServer {
 public:
  using Script = std::function<Answer(const Asked&)>;
  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  /// Reaches the bucket "bucket" here, quick to try again.
  S3Options options() const;
  std::vector<Asked> asked() const VEDETTE_EXCLUDES(asked_mutex_);

 private:
  void serve();
  void serve_one(int client);

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  mutable Mutex asked_mutex_;
  std::vector<Asked> asked_ VEDETTE_GUARDED_BY(asked_mutex_);
  std::jthread thread_;  // last: uses the rest
};

}  // namespace vedette::blob::testing

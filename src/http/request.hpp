// One HTTP request, as a handler sees it: parsed, decoded, bounded, with the caller's identity
// already checked. Made by the server (or by a test), read by handlers on any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vedette::http {

class BodyStream;

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

/// "GET", ...; "?" for kOther.
std::string_view name(Method method);
/// True for the methods that change nothing: GET, HEAD, OPTIONS.
constexpr bool is_read(Method method) {
  return method == Method::kGet || method == Method::kHead || method == Method::kOptions;
}

/// Header fields in the order they came, in one block of memory that is reused from request to
/// request. Names compare without regard to case.
class Headers {
 public:
  void add(std::string_view name, std::string_view value);
  void clear();
  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  std::size_t size() const { return fields_.size(); }
  std::pair<std::string_view, std::string_view> at(std::size_t index) const;

 private:
  struct Field {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string text_;
  std::vector<Field> fields_;
};

/// Who asks. On a loopback address everybody is kLocal.
struct Identity {
  enum class Kind { kAnonymous, kLocal, kToken, kSession };
  Kind kind = Kind::kAnonymous;
  std::string user;

  bool may_write() const { return kind != Kind::kAnonymous; }
};

struct Request {
  using Pair = std::pair<std::string, std::string>;

  Method method = Method::kGet;
  std::string target;     // as it came: "/api/cameras/a%20b?x=1"
  std::string path;       // decoded and normalised: "/api/cameras/a b"
  std::string authority;  // of an absolute target: "host:port" of "http://host:port/path"
  std::vector<Pair> params;
  std::vector<Pair> queries;
  Headers headers;
  std::string body;
  std::shared_ptr<BodyStream> stream;  // the body, of a route with BodyKind::kStream alone
  std::string remote;                  // the peer's address, without port
  Identity identity;
  std::uint64_t id = 0;  // of this process; in error bodies and the log

  /// The path capture of that name; empty when the route has none such.
  std::string_view param(std::string_view name) const;
  /// The first query value of that name, decoded. Present but empty for "?name" and "?name=".
  std::optional<std::string_view> query(std::string_view name) const;
  /// Every query value of that name, in order.
  std::vector<std::string_view> query_all(std::string_view name) const;
  std::optional<std::string_view> header(std::string_view name) const { return headers.find(name); }
  std::optional<std::string_view> cookie(std::string_view name) const;

  /// Fills target, path and queries; false (path empty) when the target does not parse.
  bool set_target(std::string_view raw);
};

/// A request as the server would make it from that target; for tests and calls inside the process.
/// A target that does not parse leaves `path` empty.
Request make_request(Method method, std::string_view target, std::string body = {});

}  // namespace vedette::http

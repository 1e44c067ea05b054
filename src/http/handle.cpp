#include "http/handle.hpp"

#include <fmt/format.h>

#include <exception>

#include "base/log.hpp"
#include "http/field_text.hpp"

namespace vedette::http {
namespace {

/// Inside a catch block: logs what was thrown and turns it into an answer.
Response answer_thrown(const Router::Route& route, const Request& request) {
  std::string why;
  try {
    throw;
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
    why = "something that is not a std::exception";
  }
  log::error("http", "request {} ({} {}) failed: {}", request.id, name(request.method),
             route.pattern, why);
  return error(Error{ErrorCode::kInternal, "this request failed; the log says why", false, {}},
               fmt::format("request {}", request.id));
}

bool writes_body(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch;
}

}  // namespace

Response run_handler(const Router::Route& route, const Request& request) {
  try {
    return route.handler(request);
  } catch (...) {
    return answer_thrown(route, request);
  }
}

std::optional<Response> run_at_hand(const Router::Route& route, const Request& request) {
  try {
    return route.options.at_hand(request);
  } catch (...) {
    return answer_thrown(route, request);
  }
}

std::optional<Response> judge_body_kind(const Request& request, BodyKind kind) {
  if (!writes_body(request.method)) return std::nullopt;
  const auto type = media_type(request.header("content-type").value_or(""));
  switch (kind) {
    case BodyKind::kAny:
    case BodyKind::kStream:
      return std::nullopt;
    case BodyKind::kJson:
      if (equals_ignoring_case(type, "application/json")) return std::nullopt;
      return error(ErrorCode::kUnsupported,
                   "the body must be JSON, with content-type application/json");
  }
  return std::nullopt;
}

}  // namespace vedette::http

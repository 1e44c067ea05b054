#include "api/session.hpp"

#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"

namespace vedette::api {
namespace {

constexpr std::size_t kMostBody = 4096;

// The one Session of openapi.yaml, also what a log-in answers.
http::Response session_of(const http::Auth& auth, const http::Identity& identity) {
  auto response = answer(200, json::object{{"may_write", identity.may_write()},
                                           {"login_required", auth.needs_log_in()},
                                           {"user", text_or_null(identity.user)}});
  response.set("Cache-Control", "no-store");
  return response;
}

Result<http::Response> log_in(const http::Auth& auth, const http::Request& request) {
  VEDETTE_TRY(object, object_of(request));
  Fields fields(std::move(object));
  VEDETTE_TRY(user, fields.required_text("user"));
  VEDETTE_TRY(password, fields.required_text("password"));
  VEDETTE_CHECK(fields.nothing_left());
  VEDETTE_TRY(cookie, auth.log_in(request, user, password));
  auto response = session_of(auth, {http::Identity::Kind::kSession, user});
  response.set("Set-Cookie", cookie);
  return response;
}

http::Response log_out(const http::Auth& auth, const http::Request& request) {
  auto response = http::empty();
  response.set("Set-Cookie", auth.log_out(request)).set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void mount_session(http::Router& router, const std::shared_ptr<const http::Auth>& auth) {
  router.get(
      "/api/session",
      strict({},
             [auth](const http::Request& request) { return session_of(*auth, request.identity); }),
      {.open = true, .inline_ok = true});
  router.post("/api/login",
              strict({},
                     [auth](const http::Request& request) {
                       auto response = log_in(*auth, request);
                       if (response) return *std::move(response);
                       auto refusal = refuse(response.error());
                       if (response.error().code == ErrorCode::kTooMany)
                         refusal.set("Retry-After", "60");
                       return refusal;
                     }),
              {.body_limit = kMostBody, .open = true, .pool = http::PoolKind::kLogIn});
  router.post(
      "/api/logout",
      strict({}, [auth](const http::Request& request) { return log_out(*auth, request); }),
      {.body_limit = kMostBody, .body = http::BodyKind::kAny, .open = true, .inline_ok = true});
}

}  // namespace vedette::api

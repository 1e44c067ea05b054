#include "http/auth.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <mutex>

#include "base/log.hpp"
#include "http/field_text.hpp"
#include "http/password.hpp"
#include "http/sessions.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kCookie = "vedette_session";
constexpr std::size_t kMinToken = 16;

bool is_ip_literal(std::string_view host) {
  const std::string text(host);
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, text.c_str(), &v4) == 1 || inet_pton(AF_INET6, text.c_str(), &v6) == 1;
}

/// "example.org:8080" and "[::1]:8080" without port and brackets; nullopt when malformed.
std::optional<std::string_view> host_name(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    return authority.substr(1, close - 1);
  }
  const auto name = authority.substr(0, authority.find(':'));
  if (name.empty() || name.find_first_of("/\\@ ") != std::string_view::npos) return std::nullopt;
  return name;
}

/// The part of an Origin behind the scheme; nullopt for "null" and other schemes.
std::optional<std::string_view> origin_authority(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  }
  return std::nullopt;
}

/// Whether a page of another site made this request, as far as browsers tell.
bool is_cross_site(const Request& request) {
  if (const auto site = request.header("sec-fetch-site")) {
    return *site != "same-origin" && *site != "none";
  }
  const auto origin = request.header("origin");
  if (!origin) return false;  // not a browser, or one that would have said
  const auto authority = origin_authority(*origin);
  const auto host = request.header("host");
  return !authority || !host || !equals_ignoring_case(*authority, *host);
}

Response unauthorized() {
  auto response = error(ErrorCode::kUnauthorized, "log in, or send a bearer token");
  response.set("WWW-Authenticate", "Bearer realm=\"vedette\"");
  return response;
}

}  // namespace

bool is_loopback(std::string_view address) {
  if (equals_ignoring_case(address, "localhost")) return true;
  const std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<void> check_exposure(const AuthOptions& options) {
  if (!options.token.empty() && options.token.size() < kMinToken) {
    return fail(ErrorCode::kUsage,
                fmt::format("the access token is shorter than {} characters; make one with "
                            "`openssl rand -hex 24`",
                            kMinToken));
  }
  if (!options.password_hash.empty() && !is_password_hash(options.password_hash)) {
    return fail(ErrorCode::kUsage,
                "the password hash is not of the form pbkdf2-sha256$iterations$salt$hash");
  }
  const bool is_open = is_loopback(options.address) && !options.behind_tls;
  if (is_open || !options.token.empty() || !options.password_hash.empty()) return {};
  return fail(
      ErrorCode::kUsage,
      fmt::format("refusing to serve on {} where others could change things unasked: set an "
                  "access token or a password, or listen on 127.0.0.1",
                  options.address));
}

struct Auth::State {
  State(AuthOptions auth_options, const Clock& auth_clock)
      : options(std::move(auth_options)),
        clock(auth_clock),
        is_open(is_loopback(options.address) && !options.behind_tls),
        sessions(options.session_time, options.sessions),
        tries(options.log_in_tries) {}

  const AuthOptions options;
  const Clock& clock;
  const bool is_open;
  mutable Sessions sessions;
  mutable TryLimit tries;
  // One hash at a time: who guesses from many addresses gets one processor at most.
  mutable std::mutex hashing_mutex;

  bool knows_host(const Request& request) const {
    const auto field = request.header("host");
    if (!field) return true;  // HTTP/1.0, which no browser speaks
    const auto host = host_name(*field);
    if (!host) return false;
    const bool is_own =
        (!options.own_name.empty() && equals_ignoring_case(options.own_name, *host)) ||
        std::ranges::any_of(options.hosts, [&](const std::string& each) {
          return equals_ignoring_case(each, *host);
        });
    if (is_own || is_loopback(*host)) return true;
    // Elsewhere a name may be anything unless names are set; an address cannot be re-bound.
    return !is_loopback(options.address) && (options.hosts.empty() || is_ip_literal(*host));
  }

  Identity identify(const Request& request) const {
    if (is_open) return {Identity::Kind::kLocal, {}};
    if (const auto field = request.header("authorization"); field && !options.token.empty()) {
      constexpr std::string_view kBearer = "Bearer ";
      if (field->size() > kBearer.size() &&
          equals_ignoring_case(field->substr(0, kBearer.size()), kBearer) &&
          equals_in_constant_time(trim(field->substr(kBearer.size())), options.token)) {
        return {Identity::Kind::kToken, {}};
      }
    }
    if (const auto secret = request.cookie(kCookie)) {
      if (auto user = sessions.find(*secret, clock.now())) {
        return {Identity::Kind::kSession, std::move(*user)};
      }
    }
    return {};
  }

  std::string cookie(std::string_view secret, std::chrono::seconds life) const {
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", kCookie, secret,
                       life.count(), options.behind_tls ? "; Secure" : "");
  }
};

Auth::Auth(AuthOptions options, const Clock& clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {}
Auth::~Auth() = default;

std::optional<Response> Auth::check(Request& request, const RouteOptions* route) const {
  if (!state_->knows_host(request)) {
    return error(
        ErrorCode::kForbidden,
        "this server is not known by that host name; add it to the settings if it should be");
  }
  const bool is_write = !is_read(request.method);
  if (is_write && is_cross_site(request)) {
    return error(ErrorCode::kForbidden, "a page of another site may not change anything here");
  }
  request.identity = state_->identify(request);
  if (!route || route->open || request.identity.kind != Identity::Kind::kAnonymous) {
    return std::nullopt;
  }
  if (is_write || route->needs_identity || state_->options.reads) return unauthorized();
  return std::nullopt;
}

Response Auth::log_in(const Request& request) const {
  auto& state = *state_;
  if (state.options.password_hash.empty()) {
    return error(ErrorCode::kNotFound, "no password is set: there is nothing to log in to");
  }
  if (!state.tries.allow(request.remote, state.clock.now())) {
    auto response = error(ErrorCode::kTooMany, "too many tries to log in; wait a minute");
    response.set("Retry-After", "60");
    return response;
  }
  boost::system::error_code code;
  const auto body = boost::json::parse(request.body, code);
  const auto* fields = code ? nullptr : body.if_object();
  const auto* user = fields ? fields->if_contains("user") : nullptr;
  const auto* password = fields ? fields->if_contains("password") : nullptr;
  if (!user || !user->is_string() || !password || !password->is_string()) {
    return error(ErrorCode::kInvalid, R"(the body must be {"user": "...", "password": "..."})");
  }
  const std::string_view given_user(user->get_string());
  const std::string_view given_password(password->get_string());
  const std::unique_lock hashing(state.hashing_mutex, std::try_to_lock);
  if (!hashing) {
    auto response = error(ErrorCode::kTooMany, "somebody else is logging in; try again");
    response.set("Retry-After", "1");
    return response;
  }
  // Both are always checked, so that the time taken does not tell which was wrong.
  const bool user_fits = equals_in_constant_time(given_user, state.options.user);
  const bool password_fits = verify_password(given_password, state.options.password_hash);
  if (!user_fits || !password_fits) {
    log::warn("http", "a log-in from {} failed", request.remote);
    return error(ErrorCode::kUnauthorized, "user or password is wrong");
  }
  state.tries.forgive(request.remote);
  const auto secret = state.sessions.begin(state.options.user, state.clock.now());
  auto answer_request = make_request(Method::kGet, "/api/session");
  answer_request.identity = {Identity::Kind::kSession, state.options.user};
  auto response = session(answer_request);
  response.set("Set-Cookie", state.cookie(secret, state.options.session_time));
  return response;
}

Response Auth::log_out(const Request& request) const {
  if (const auto secret = request.cookie(kCookie)) state_->sessions.end(*secret);
  auto response = empty();
  response.set("Set-Cookie", state_->cookie("", std::chrono::seconds(0)));
  response.set("Cache-Control", "no-store");
  return response;
}

Response Auth::session(const Request& request) const {
  const auto& identity = request.identity;
  const auto kind = [&]() -> std::string_view {
    switch (identity.kind) {
      case Identity::Kind::kLocal:
        return "local";
      case Identity::Kind::kToken:
        return "token";
      case Identity::Kind::kSession:
        return "session";
      case Identity::Kind::kAnonymous:
        break;
    }
    return "anonymous";
  }();
  std::string user = "null";
  if (!identity.user.empty()) {
    user.clear();
    append_json_string(user, identity.user);
  }
  auto response =
      json(200, fmt::format(R"({{"identity":"{}","user":{},"may_write":{},"log_in":{}}})", kind,
                            user, identity.may_write(), !state_->options.password_hash.empty()));
  response.set("Cache-Control", "no-store");
  return response;
}

void Auth::mount(Router& router, const std::shared_ptr<const Auth>& auth) {
  constexpr std::size_t kSmall = 4096;
  RouteOptions open;
  open.open = true;
  open.body_limit = kSmall;
  router.post("/api/login", [auth](const Request& request) { return auth->log_in(request); }, open);
  open.inline_ok = true;
  router.get(
      "/api/session", [auth](const Request& request) { return auth->session(request); }, open);
  open.body = BodyKind::kAny;
  router.post(
      "/api/logout", [auth](const Request& request) { return auth->log_out(request); }, open);
}

}  // namespace vedette::http

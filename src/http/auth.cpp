#include "http/auth.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/log.hpp"
#include "http/authority.hpp"
#include "http/field_text.hpp"
#include "http/password.hpp"
#include "http/sessions.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kCookie = "vedette_session";
constexpr std::size_t kMinToken = 16;

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

bool is_private(std::string_view address) {
  const std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    const auto bits = ntohl(v4.s_addr);
    return (bits >> 24) == 127 || (bits >> 24) == 10 || (bits >> 20) == 0xac1 ||
           (bits >> 16) == 0xc0a8;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6) || (v6.s6_addr[0] & 0xfe) == 0xfc;
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
        failures(options.log_in_tries),
        slow_lane(options.slow_lane_pace) {}

  const AuthOptions options;
  const Clock& clock;
  const bool is_open;
  Sessions sessions;
  FailedTries failures;
  SlowLane slow_lane;
  // One hash at a time: who guesses from many addresses gets one processor at most.
  std::mutex hashing_mutex;

  bool knows_host(const Request& request) const {
    const auto field = request.header("host");
    // A request that names its host twice must mean the same one.
    if (field && !request.authority.empty() && !equals_ignoring_case(request.authority, *field)) {
      return false;
    }
    if (!field && request.authority.empty()) return true;  // HTTP/1.0, which no browser speaks
    const auto authority = parse_authority(field.value_or(request.authority));
    if (!authority) return false;
    const auto host = authority->host;
    const bool is_own =
        (!options.own_name.empty() && equals_ignoring_case(options.own_name, host)) ||
        std::ranges::any_of(options.hosts, [&](const std::string& each) {
          return equals_ignoring_case(each, host);
        });
    if (is_own || is_loopback(host)) return true;
    // Elsewhere a name may be anything unless names are set; an address cannot be re-bound.
    return !is_loopback(options.address) && (options.hosts.empty() || is_ip_literal(host));
  }

  /// Whom the limits count: behind a proxy the one that the proxy has seen.
  std::string client_of(const Request& request) const {
    std::string_view client = request.remote;
    if (options.behind_tls && is_private(request.remote)) {
      std::string_view list;
      for (std::size_t i = 0; i < request.headers.size(); ++i) {
        const auto [name, value] = request.headers.at(i);
        if (equals_ignoring_case(name, "x-forwarded-for")) list = value;
      }
      client = last_forwarded(list).value_or(client);
    }
    return client_network(client);
  }

  /// Whether user and password are right. Both are always checked, so that the time taken does not
  /// tell which was wrong.
  bool knows(std::string_view address, std::string_view user, std::string_view password) {
    const bool user_fits = equals_in_constant_time(user, options.user);
    const bool password_fits = verify_password(password, options.password_hash);
    if (user_fits && password_fits) {
      failures.forgive(address, user);
      return true;
    }
    failures.add(address, user, clock.now());
    log::warn("http", "a log-in from {} failed", address);
    return false;
  }

  std::string begin_session() {
    return cookie(sessions.begin(options.user, clock.now()), options.session_time);
  }

  Identity identify(const Request& request) {
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
  const bool is_write = !is_read(request.method) || (route && route->as_write);
  if (is_write && is_cross_site(request)) {
    return error(ErrorCode::kForbidden, "a page of another site may not change anything here");
  }
  request.identity = state_->identify(request);
  if (!route || route->open || request.identity.kind != Identity::Kind::kAnonymous) {
    return std::nullopt;
  }
  if (is_write || state_->options.reads) return unauthorized();
  return std::nullopt;
}

bool Auth::stands_for_others(std::string_view address) const {
  return is_loopback(address) || (state_->options.behind_tls && is_private(address));
}

bool Auth::needs_log_in() const {
  return !state_->is_open;
}

Result<std::string> Auth::log_in(const Request& request, std::string_view user,
                                 std::string_view password) const {
  auto& state = *state_;
  if (state.options.password_hash.empty()) {
    return fail(ErrorCode::kNotFound,
                "No password is set (auth.password_hash): there is nothing to log in to.");
  }
  const std::string address = state.client_of(request);
  {
    const std::lock_guard hashing(state.hashing_mutex);
    if (!state.failures.is_over(address, user, state.clock.now())) {
      if (state.knows(address, user, password)) return state.begin_session();
      return fail(ErrorCode::kUnauthorized, "User or password is wrong.");
    }
  }
  const auto is_right = state.slow_lane.pass([&] {
    const std::lock_guard hashing(state.hashing_mutex);
    return state.knows(address, user, password);
  });
  if (is_right.value_or(false)) return state.begin_session();
  return fail(ErrorCode::kTooMany, "Too many tries to log in; wait a minute.");
}

std::string Auth::log_out(const Request& request) const {
  if (const auto secret = request.cookie(kCookie)) state_->sessions.end(*secret);
  return state_->cookie("", std::chrono::seconds(0));
}

}  // namespace vedette::http

// Who may do what. On a loopback address everything is open to this machine; on any other, every
// write needs a bearer token or a log-in. On both, a page of another site cannot drive the API: the
// host and the origin of each request are checked. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "http/router.hpp"

namespace vedette::http {

struct AuthOptions {
  std::string address = "127.0.0.1";  // where the server listens
  std::string token;                  // bearer token; empty: none
  std::string user = "admin";
  std::string password_hash;  // from hash_password(); empty: no log-in
  bool reads = false;         // reads need an identity too
  /// The public address is https, a proxy in front ends TLS: cookies become Secure. Because a proxy
  /// makes a loopback address public, loopback is no longer open then. The client is then whom the
  /// proxy names last in X-Forwarded-For, if the request comes from this machine or a private
  /// network.
  bool behind_tls = false;
  std::string own_name;            // by which other processes call this one (no port); empty: none
  std::vector<std::string> hosts;  // further names this server is called by (no port)
  std::chrono::seconds session_time{std::chrono::hours(12)};  // since the last use
  std::size_t sessions = 1000;  // beyond it the longest unused one ends
  int log_in_tries = 10;        // wrong ones per minute, user and address; then the slow lane
  std::chrono::milliseconds slow_lane_pace{1000};
};

/// True for 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(std::string_view address);

/// True for loopback and for the networks that are nobody's in public: 10/8, 172.16/12, 192.168/16,
/// fc00::/7, fe80::/10.
bool is_private(std::string_view address);

/// Refuses (kUsage, with the remedy) to listen where others can reach us without a token or a
/// password; refuses tokens shorter than 16 characters and password hashes that do not parse.
Result<void> check_exposure(const AuthOptions& options);

/// "pbkdf2-sha256$600000$<salt>$<hash>", hexadecimal; takes about 0.2 s on purpose.
std::string hash_password(std::string_view password);
/// Constant time in the hash's content. False as well for a hash that does not parse.
bool verify_password(std::string_view password, std::string_view hash);

class Auth {
 public:
  /// `clock` outlives this object.
  Auth(AuthOptions options, const Clock& clock);
  ~Auth();
  Auth(const Auth&) = delete;
  Auth& operator=(const Auth&) = delete;

  /// Fills `request.identity`; nullopt when the request may pass, else the refusal (400, 401, 403).
  /// `route` may be null (nothing matched): then only host and origin are checked.
  std::optional<Response> check(Request& request, const RouteOptions* route) const;

  /// Whether many clients may come from this address: this machine, or what may be the proxy.
  bool stands_for_others(std::string_view address) const;
  /// True when changing something here takes a log-in or a token; false: everybody who reaches this
  /// server may.
  bool needs_log_in() const;
  /// The Set-Cookie of a new session. kNotFound without a password to log in with, kUnauthorized,
  /// kTooMany. Blocks for the time of a hash, of those before it, and in the slow lane for its
  /// pace: for PoolKind::kLogIn.
  Result<std::string> log_in(const Request& request, std::string_view user,
                             std::string_view password) const;
  /// Ends the session of the request, if any; the Set-Cookie that makes the browser forget it.
  std::string log_out(const Request& request) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vedette::http

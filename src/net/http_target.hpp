// The address of a server, read from what people write. Used by whoever asks another server. Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vedette::net {

struct HttpTarget {
  std::string host;  // name or address, IPv6 without brackets
  std::string port;
  std::string base;  // path in front of all, without a final slash
  bool is_https = false;
};

/// Reads "http://host:port/base", the same with https, "host:port" or "host". kUsage otherwise.
Result<HttpTarget> parse_target(std::string_view url);
/// "127.0.0.1:8080", an IPv6 address in brackets.
std::string authority_of(const HttpTarget& target);
/// As parse_target() reads it: "http://host:port/base".
std::string to_url(const HttpTarget& target);

}  // namespace vedette::net

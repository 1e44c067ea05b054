// One GET to a server of ours: for `vedette status` and `vedette doctor`, which ask a running
// Vedette how it is. Blocking, bounded in time and size, plain http only. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::app {

struct HttpReply {
  int status = 0;
  std::string body;
};

struct HttpTarget {
  std::string host;  // name or address, IPv6 without brackets
  std::string port;
  std::string base;  // path in front of all, without a final slash
};

/// Reads "http://host:port/base", "host:port" or "host". kUsage for https and anything else.
Result<HttpTarget> parse_target(std::string_view url);

/// GET `path` with `token` as bearer token unless empty. kUnavailable: nobody answers; kTimeout;
/// kCorrupt: what answers is not HTTP or says more than 8 MiB.
Result<HttpReply> http_get(const HttpTarget& target, std::string_view path, std::string_view token,
                           Micros timeout);

}  // namespace vedette::app

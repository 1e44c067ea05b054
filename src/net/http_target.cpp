#include "net/http_target.hpp"

#include <fmt/format.h>

namespace vedette::net {

std::string authority_of(const HttpTarget& target) {
  return target.host.contains(':') ? fmt::format("[{}]:{}", target.host, target.port)
                                   : fmt::format("{}:{}", target.host, target.port);
}

Result<HttpTarget> parse_target(std::string_view url) {
  const auto refuse = [&] {
    return fail(ErrorCode::kUsage,
                fmt::format("\"{}\" is not an address like http://127.0.0.1:8080", url));
  };
  HttpTarget target;
  target.is_https = url.starts_with("https://");
  if (target.is_https) {
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  }
  const auto slash = url.find('/');
  if (slash != std::string_view::npos) target.base = url.substr(slash);
  while (target.base.ends_with('/')) target.base.pop_back();
  auto authority = url.substr(0, slash);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && !authority.ends_with(']');
  target.port = has_port ? authority.substr(colon + 1) : target.is_https ? "443" : "80";
  target.host = authority.substr(0, has_port ? colon : authority.size());
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  const auto is_plain = [](std::string_view text) {
    return !text.empty() && text.find_first_of(" \t\r\n@?#\"\\") == std::string_view::npos;
  };
  if (!is_plain(target.host) || !is_plain(target.port) || target.host.size() > 255) return refuse();
  if (target.port.find_first_not_of("0123456789") != std::string::npos || target.port.size() > 5) {
    return refuse();
  }
  if (!target.base.empty() && !is_plain(target.base)) return refuse();
  return target;
}

std::string to_url(const HttpTarget& target) {
  return fmt::format("{}://{}{}", target.is_https ? "https" : "http", authority_of(target),
                     target.base);
}

}  // namespace vedette::net

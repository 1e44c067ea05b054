#include "blob/s3/route.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "blob/s3/signer.hpp"

namespace vedette::blob::s3 {
namespace {

bool is_word(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.contains(c);
  });
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 64 && is_word(text, "-_");
}

// As a part of a host's name, which a certificate for *.host covers.
bool is_host_name(std::string_view bucket) {
  return std::ranges::all_of(
      bucket, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_number_address(std::string_view host) {
  return host.contains(':') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_amazon(std::string_view host) {
  return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") ||
         host == "::1";
}

// Whether a signed request may go on from one host to the other.
bool is_kin(std::string_view host, std::string_view other) {
  if (host == other || (is_amazon(host) && is_amazon(other))) return true;
  if (is_this_machine(host) && is_this_machine(other)) return true;
  if (is_number_address(host) || is_number_address(other)) return false;
  // s3.eu.example.org: all of eu.example.org.
  const auto dot = host.find('.');
  if (dot == std::string_view::npos) return false;
  const auto domain = host.substr(dot);
  return domain.find('.', 1) != std::string_view::npos && other.ends_with(domain);
}

std::string amazon_host(std::string_view region) {
  return fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

bool uses_host_style(const S3Options& options, const net::HttpTarget& target) {
  switch (options.style) {
    case S3Options::Style::kPath:
      return false;
    case S3Options::Style::kVirtual:
      return true;
    case S3Options::Style::kAuto:
      return is_amazon(target.host) && is_host_name(options.bucket);
  }
  return false;
}

std::optional<net::HttpTarget> told_target(const Route& route, const Elsewhere& elsewhere) {
  if (!elsewhere.endpoint.empty()) {
    const auto* scheme = route.target.is_https ? "https://" : "http://";
    auto target = net::parse_target(scheme + elsewhere.endpoint);
    if (!target) return std::nullopt;
    // Amazon names the host only, and means it with the protocol and the port in use.
    if (!elsewhere.endpoint.contains(':')) target->port = route.target.port;
    return *target;
  }
  const auto scheme_end = elsewhere.location.find("://");
  if (scheme_end == std::string::npos) return std::nullopt;
  const auto path = elsewhere.location.find_first_of("/?#", scheme_end + 3);
  auto target = net::parse_target(std::string_view(elsewhere.location).substr(0, path));
  if (!target) return std::nullopt;
  return *target;
}

}  // namespace

std::string Route::path(const std::optional<std::string>& key) const {
  const auto bucket_path = is_virtual ? std::string() : "/" + encode(bucket);
  if (key) return bucket_path + "/" + encode_path(*key);
  return bucket_path.empty() ? "/" : bucket_path;
}

std::string Route::host_field() const {
  const auto host = target.host.contains(':') ? fmt::format("[{}]", target.host) : target.host;
  return target.port == (target.is_https ? "443" : "80") ? host
                                                         : fmt::format("{}:{}", host, target.port);
}

Result<Route> make_route(const S3Options& options) {
  if (options.bucket.size() < 3 || options.bucket.size() > 255 || !is_word(options.bucket, ".-_")) {
    return fail(ErrorCode::kUsage,
                fmt::format("blob.bucket: \"{}\" is no name of a bucket; it has 3 to 63 small "
                            "letters, digits, dots and hyphens",
                            options.bucket));
  }
  if (!is_region(options.region)) {
    return fail(ErrorCode::kUsage,
                fmt::format("blob.region: \"{}\" is no region; one is called like us-east-1",
                            options.region));
  }
  Route route{.target = {}, .region = options.region, .bucket = options.bucket};
  if (options.endpoint.empty()) {
    route.target = {amazon_host(options.region), "443", "", true};
  } else {
    const bool has_scheme =
        options.endpoint.starts_with("http://") || options.endpoint.starts_with("https://");
    auto target = net::parse_target(options.endpoint);
    if (!has_scheme || !target) {
      return fail(ErrorCode::kUsage,
                  fmt::format("blob.endpoint: \"{}\" is no address like "
                              "https://s3.example.org:9000; the bucket is named by blob.bucket",
                              options.endpoint));
    }
    route.target = *std::move(target);
    route.target.host = to_lower(route.target.host);
  }
  route.is_virtual = uses_host_style(options, route.target);
  if (route.is_virtual) {
    if (is_number_address(route.target.host)) {
      return fail(ErrorCode::kUsage,
                  "blob.style: a bucket cannot stand in front of an address made of numbers; use "
                  "path, or a name as blob.endpoint");
    }
    route.target.host = route.bucket + "." + route.target.host;
  }
  return route;
}

bool is_protected(const Route& route) {
  return route.target.is_https || is_this_machine(route.target.host);
}

std::optional<Route> redirected(const Route& route, const S3Options& options,
                                const Elsewhere& elsewhere) {
  Route next = route;
  if (is_region(elsewhere.region)) next.region = elsewhere.region;
  const auto bucket_dot = route.bucket + ".";
  if (auto told = told_target(route, elsewhere)) {
    auto host = to_lower(told->host);
    if (route.is_virtual && !host.starts_with(bucket_dot)) host = bucket_dot + host;
    if (!route.is_virtual && host.starts_with(bucket_dot)) host = host.substr(bucket_dot.size());
    const auto bare = [&](std::string_view name) {
      return name.substr(name.starts_with(bucket_dot) ? bucket_dot.size() : 0);
    };
    if (is_kin(bare(route.target.host), bare(host)) && (told->is_https || !route.target.is_https)) {
      next.target.host = std::move(host);
      next.target.port = told->port;
      next.target.is_https = told->is_https;
    }
  } else if (options.endpoint.empty() && next.region != route.region) {
    next.target.host = (route.is_virtual ? bucket_dot : "") + amazon_host(next.region);
  }
  const bool is_same = next.region == route.region && next.target.host == route.target.host &&
                       next.target.port == route.target.port &&
                       next.target.is_https == route.target.is_https;
  return is_same ? std::nullopt : std::optional(std::move(next));
}

}  // namespace vedette::blob::s3

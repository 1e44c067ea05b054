// Where the requests for a bucket go: host, region, style of address; and where the server sends
// them instead. Used by the S3 client. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "blob/options.hpp"
#include "net/http_client.hpp"

namespace vedette::blob::s3 {

struct Route {
  net::HttpTarget target;  // of the bucket, in the virtual style
  std::string region = {};
  std::string bucket;
  bool is_virtual = false;

  /// Behind the target's base; encoded.
  std::string path(const std::optional<std::string>& key) const;
  /// The value of Host: with the port, where it is not the protocol's own.
  std::string host_field() const;
};

/// What a server says about where a bucket lies.
struct Elsewhere {
  std::string region = {};
  std::string endpoint = {};  // of an <Error>
  std::string location = {};  // of the field
};

/// kUsage for an endpoint, a bucket or a region that cannot be one.
Result<Route> make_route(const S3Options& options);

/// Nobody can change on its way what goes there: TLS, or this machine.
bool is_protected(const Route& route);

/// The route that the server tells; nothing when it tells no other, or one that is not followed:
/// a signed request goes to the same host, to another one of the endpoint's domain, or of
/// Amazon's, and never from TLS to plain text.
std::optional<Route> redirected(const Route& route, const S3Options& options,
                                const Elsewhere& elsewhere);

}  // namespace vedette::blob::s3

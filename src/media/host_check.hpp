// Which hosts a source may lead to: not the link-local ones (a cloud's metadata, whatever a stray
// cable gave an address), and from a camera nowhere but back to the same host. Only inside
// src/media.
#pragma once

#include <string>
#include <string_view>

#include "media/source_url.hpp"

struct sockaddr;

namespace vedette::media {

/// 169.254.0.0/16 and fe80::/10, also when written as IPv6, and the metadata addresses of clouds.
bool is_link_local(const sockaddr& address);

/// Looks the host's name up (blocks as long as that takes): kUnavailable when no address is known
/// for it, kForbidden when it is link-local.
Result<> check_host(const SourceUrl& url);

std::unexpected<Error> unknown_host(const SourceUrl& url);
std::unexpected<Error> forbidden_host(const SourceUrl& url);

/// The host of an absolute URL in small letters; empty when it has none.
std::string host_in(std::string_view url);

}  // namespace vedette::media

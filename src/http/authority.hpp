// Who a request is meant for, and who sent it through a proxy: the values of Host and
// X-Forwarded-For. Pure functions over foreign bytes; views point into the argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vedette::http {

struct Authority {
  std::string_view host;  // IPv6 without brackets
  std::optional<std::uint16_t> port;
};

/// "example.org", "example.org:8080", "[::1]:8080", and nothing that two readers could take for
/// different hosts: no user information, no empty or signed port, nothing but a colon behind a
/// bracket, no dot at an end. nullopt otherwise.
std::optional<Authority> parse_authority(std::string_view text);

/// True for an IPv4 address in four parts and for an IPv6 address, without brackets.
bool is_ip_literal(std::string_view host);

/// The last address in an X-Forwarded-For list, which is the one that the nearest proxy has seen
/// itself: all before it is the client's own word. Without port and brackets; nullopt when it is no
/// address.
std::optional<std::string_view> last_forwarded(std::string_view list);

/// What a limit by address counts by: the address, of IPv6 the network of 64 bits, all of which one
/// client may own. Other text as it is.
std::string client_network(std::string_view address);

}  // namespace vedette::http

#include "media/host_check.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/text.hpp"

namespace vedette::media {
namespace {

bool is_link_local(std::uint32_t address) {
  constexpr std::uint32_t kMetadata = 0x646464C8;  // 100.100.100.200
  return address >> 16 == 0xA9FE || address == kMetadata;
}

}  // namespace

bool is_link_local(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    return is_link_local(ntohl(four.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 six{};
  std::memcpy(&six, &address, sizeof six);
  const auto* bytes = six.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr)) return true;
  constexpr std::array<std::uint8_t, 16> kMetadata{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0,    0,
                                                   0,    0,    0,    0,    0, 0, 0x02, 0x54};
  if (std::equal(kMetadata.begin(), kMetadata.end(), bytes)) return true;
  if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) && !IN6_IS_ADDR_V4COMPAT(&six.sin6_addr)) return false;
  std::uint32_t four = 0;
  std::memcpy(&four, bytes + 12, sizeof four);
  return is_link_local(ntohl(four));
}

std::unexpected<Error> unknown_host(const SourceUrl& url) {
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("No address is known for the name {}; check how it is written, or use the "
                  "camera's IP address.",
                  url.address ? url.address->host : url.shown));
}

std::unexpected<Error> forbidden_host(const SourceUrl& url) {
  return fail(
      ErrorCode::kForbidden,
      fmt::format("The camera {} has a link-local address (169.254.x.x or fe80::), which is "
                  "not asked; give it an address of its network.",
                  url.shown));
}

Result<> check_host(const SourceUrl& url) {
  if (!url.address) return {};
  std::string host = url.address->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, [](addrinfo* list) {
    if (list) freeaddrinfo(list);
  });
  if (status != 0) return unknown_host(url);
  for (const auto* each = addresses.get(); each; each = each->ai_next) {
    if (is_link_local(*each->ai_addr)) return forbidden_host(url);
  }
  return {};
}

std::string host_in(std::string_view url) {
  const auto address = parse_address(url);
  return address ? to_lower(address->host) : std::string();
}

}  // namespace vedette::media

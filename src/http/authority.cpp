#include "http/authority.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string>
#include <system_error>

#include "http/field_text.hpp"

namespace vedette::http {
namespace {

constexpr std::size_t kMostName = 253;

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '.';
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostName &&
         std::ranges::all_of(name, is_name_character) && name.front() != '.' &&
         name.back() != '.' && !name.contains("..");
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_whole = code == std::errc() && end == text.data() + text.size();
  if (!is_whole || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  return port;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    authority.host = text.substr(1, close - 1);
    if (!is_ipv6(authority.host)) return std::nullopt;
    rest = text.substr(close + 1);
  } else {
    authority.host = text.substr(0, text.find(':'));
    if (!is_host_name(authority.host)) return std::nullopt;
    rest = text.substr(authority.host.size());
  }
  if (rest.empty()) return authority;
  if (rest.front() != ':') return std::nullopt;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

bool is_ip_literal(std::string_view host) {
  in_addr v4{};
  return inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1 || is_ipv6(host);
}

std::optional<std::string_view> last_forwarded(std::string_view list) {
  const auto comma = list.rfind(',');
  const auto last = trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
  if (is_ipv6(last)) return last;
  const auto authority = parse_authority(last);
  if (!authority || !is_ip_literal(authority->host)) return std::nullopt;
  return authority->host;
}

std::string client_network(std::string_view address) {
  in6_addr v6{};
  if (inet_pton(AF_INET6, std::string(address).c_str(), &v6) != 1) return std::string(address);
  constexpr std::size_t kNetworkBytes = 8;
  std::fill(std::begin(v6.s6_addr) + kNetworkBytes, std::end(v6.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &v6, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

}  // namespace vedette::http

#include "base/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/address_parts.hpp"
#include "base/text.hpp"

namespace vedette {
namespace {

constexpr std::string_view kEndOfAuthority = "/?#";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char small = to_lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)) return false;
  int number = 0;
  for (const char c : port) number = number * 10 + (c - '0');
  return number <= 65'535;
}

bool is_ipv4(std::string_view host) {
  const auto parts = split(host, '.');
  return parts.size() == 4 && std::ranges::count(host, '.') == 3 &&
         std::ranges::all_of(parts, [](std::string_view part) {
           return part.size() <= 3 && std::ranges::all_of(part, is_digit);
         });
}

// How much "host:port" looks like one: 3 for an IP address, 2 with dots, 1 for a bare name, 0 for
// what is none.
int likeness(std::string_view host_and_port) {
  if (host_and_port.starts_with('[')) {
    const auto close = host_and_port.find(']');
    if (close == std::string_view::npos) return 0;
    const auto inner = host_and_port.substr(1, close - 1);
    const auto rest = host_and_port.substr(close + 1);
    const bool is_six =
        inner.contains(':') && std::ranges::all_of(inner, [](char c) {
          return is_letter_or_digit(c) || c == ':' || c == '.' || c == '%' || c == '-' || c == '_';
        });
    return is_six && (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)))) ? 3 : 0;
  }
  const auto host = host_of(host_and_port);
  const bool has_port = host.size() < host_and_port.size();
  if (host.empty() || (has_port && !is_port(host_and_port.substr(host.size() + 1)))) return 0;
  if (!std::ranges::all_of(host, [](char c) {
        return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_' || c == '%' ||
               static_cast<unsigned char>(c) >= 0x80;
      })) {
    return 0;
  }
  if (is_ipv4(host) || equals_ignoring_case(host, "localhost")) return 3;
  return host.contains('.') && host.front() != '.' ? 2 : 1;
}

bool is_postgres(std::string_view scheme) {
  return scheme == "postgresql" || scheme == "postgres";
}

// PostgreSQL's URLs may name no host, or several.
int likeness(std::string_view scheme, std::string_view hosts) {
  if (!is_postgres(scheme)) return likeness(hosts);
  if (hosts.empty()) return 2;
  int least = 3;
  for (const auto host : split(hosts, ',')) least = std::min(least, likeness(host));
  return least;
}

std::string encode(std::string_view text, std::string_view also_fine) {
  std::string encoded;
  for (const char c : text) {
    if (is_letter_or_digit(c) || also_fine.contains(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string encode_secret(std::string_view text) {
  return encode(text, "-._~");
}

std::string encode_rest(std::string_view text) {
  return encode(text, "-._~!$&'()*+,;=:@/?%[]|");
}

constexpr std::string_view kHowToWrite =
    "in a user name or password write @ as %40, : as %3A, / as %2F, ? as %3F and # as %23";

}  // namespace

std::string_view host_of(std::string_view host_and_port) {
  if (host_and_port.starts_with('[')) {
    return host_and_port.substr(0, host_and_port.find(']') + 1);
  }
  return host_and_port.substr(0, host_and_port.rfind(':'));
}

std::size_t scheme_begin(std::string_view text, std::size_t colon) {
  auto begin = colon;
  while (begin > 0 && (is_letter_or_digit(text[begin - 1]) || text[begin - 1] == '+' ||
                       text[begin - 1] == '-' || text[begin - 1] == '.')) {
    --begin;
  }
  return begin;
}

AuthorityParts find_authority(std::string_view scheme, std::string_view after) {
  struct Reading {
    std::optional<std::size_t> at;
    std::size_t begin = 0;
    std::size_t end = 0;
    int likeness = 0;
  };
  std::vector<Reading> readings;
  const auto consider = [&](std::optional<std::size_t> at) {
    Reading reading{.at = at, .begin = at ? *at + 1 : 0};
    reading.end = std::min(after.find_first_of(kEndOfAuthority, reading.begin), after.size());
    reading.likeness = likeness(scheme, after.substr(reading.begin, reading.end - reading.begin));
    if (reading.likeness > 0) readings.push_back(reading);
  };
  // First as the standard has it: up to the first of / ? #, and the last @ before that.
  const auto end = std::min(after.find_first_of(kEndOfAuthority), after.size());
  const auto standard = after.substr(0, end);
  const auto at = standard.rfind('@');
  consider(at == std::string_view::npos ? std::nullopt : std::optional(at));
  // Then as people write it: with a raw / ? # in the password, and the @ after that.
  const bool is_plain = !readings.empty();
  const bool may_hold_password =
      !is_plain || at != std::string_view::npos || standard.contains(':');
  const auto question = after.find('?');
  for (auto next = after.find('@', end); next != std::string_view::npos;
       next = after.find('@', next + 1)) {
    const bool is_in_query = next > question;
    if (is_plain && is_in_query &&
        (!may_hold_password || after.substr(question, next - question).contains('='))) {
      break;
    }
    // Nobody is called as an address is.
    if (is_plain && at == std::string_view::npos && readings.front().likeness == 3) break;
    consider(next);
  }
  AuthorityParts parts;
  if (readings.empty()) {
    const auto last = after.rfind('@');
    if (last != std::string_view::npos) parts.at = last;
    return parts;
  }
  const auto best = std::ranges::max_element(readings, {}, &Reading::likeness);
  parts.is_ambiguous = std::ranges::count(readings, best->likeness, &Reading::likeness) > 1;
  parts.is_clear = !parts.is_ambiguous;
  const auto& chosen = parts.is_ambiguous ? readings.back() : *best;
  parts.at = chosen.at;
  parts.host_begin = chosen.begin;
  parts.host_end = chosen.end;
  return parts;
}

std::string percent_decode_leniently(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string Address::text() const {
  std::string after;
  if (user) {
    after += encode_secret(*user);
    if (secret) after += ":" + encode_secret(*secret);
    after += "@";
  }
  const auto host_begin = after.size();
  after += host;
  if (!port.empty()) after += ":" + port;
  std::string rest = encode_rest(path);
  if (query) rest += "?" + encode_rest(*query);
  if (fragment) rest += "#" + encode_rest(*fragment);
  // An @ behind the host stays as it was written as long as nobody can take what follows for one.
  const auto parts = find_authority(scheme, after + rest);
  if (!parts.is_clear || parts.host_begin != host_begin) {
    for (auto at = rest.find('@'); at != std::string::npos; at = rest.find('@', at)) {
      rest.replace(at, 1, "%40");
    }
  }
  return scheme + "://" + after + rest;
}

Result<Address> parse_address(std::string_view text) {
  text = trim(text);
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || scheme_begin(text, colon) != 0) {
    return fail(ErrorCode::kInvalid,
                "An address begins with its kind and ://, such as rtsp:// or http://.");
  }
  Address address;
  address.scheme = to_lower(text.substr(0, colon));
  const auto after = text.substr(colon + 3);
  const auto parts = find_authority(address.scheme, after);
  if (parts.is_ambiguous) {
    return fail(ErrorCode::kInvalid,
                fmt::format("The address {} can be read in two ways, as an @ follows a /, ? or #: "
                            "{}; write an @ of the path as %40.",
                            mask_address(text), kHowToWrite));
  }
  if (!parts.is_clear) {
    if (parts.at) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("After the @ of {} there is no host name and port; {}.",
                              mask_address(text), kHowToWrite));
    }
    return fail(ErrorCode::kInvalid,
                fmt::format("In the address {} there is no host name, with a port from 1 to 65535 "
                            "after its colon; write it as {}://user:password@host:port/path.",
                            mask_address(text), address.scheme));
  }
  if (parts.at) {
    const auto userinfo = after.substr(0, *parts.at);
    const auto split_at = userinfo.find(':');
    address.user = percent_decode_leniently(userinfo.substr(0, split_at));
    if (split_at != std::string_view::npos) {
      address.secret = percent_decode_leniently(userinfo.substr(split_at + 1));
    }
  }
  const auto hosts = after.substr(parts.host_begin, parts.host_end - parts.host_begin);
  if (hosts.contains(',')) {
    address.host = hosts;  // PostgreSQL's list, each with its port
  } else {
    address.host = host_of(hosts);
    if (address.host.size() < hosts.size()) address.port = hosts.substr(address.host.size() + 1);
  }
  auto rest = after.substr(parts.host_end);
  if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
    address.fragment = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    address.query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  address.path = rest;
  return address;
}

}  // namespace vedette

// Accept-Encoding, Cookie, If-None-Match, Host, X-Forwarded-For and parameters from any bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/authority.hpp"
#include "http/field_text.hpp"

namespace {

void expect_inside(std::string_view part, std::string_view whole) {
  if (!part.empty() && (part.begin() < whole.begin() || part.end() > whole.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vedette::http;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto accepted = parse_accept_encoding(input);
  for (const int quality : {accepted.identity, accepted.gzip, accepted.brotli}) {
    if (quality < 0 || quality > 1000) std::abort();
  }
  if (const auto value = find_cookie(input, "vedette_session")) expect_inside(*value, input);
  if (const auto value = field_parameter(input, "name")) expect_inside(*value, input);
  expect_inside(media_type(input), input);
  if (const auto authority = parse_authority(input)) expect_inside(authority->host, input);
  if (const auto address = last_forwarded(input)) {
    expect_inside(*address, input);
    if (!is_ip_literal(*address)) std::abort();
  }
  etag_matches(input, "\"a\"");
  return 0;
}

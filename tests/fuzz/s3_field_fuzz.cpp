// Fields of S3's answers (ranges, dates, tags, where a bucket lies) and keys, from any bytes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "blob/key.hpp"
#include "blob/s3/answers.hpp"
#include "blob/s3/route.hpp"
#include "blob/s3/signer.hpp"

namespace {

namespace s3 = vedette::blob::s3;

// A signed request goes to hosts of the endpoint's domain only, and never out of TLS.
void check_route(const std::string& text) {
  for (const auto style :
       {vedette::blob::S3Options::Style::kPath, vedette::blob::S3Options::Style::kVirtual}) {
    vedette::blob::S3Options options;
    options.endpoint = "https://s3.eu.example.org";
    options.bucket = "bucket";
    options.style = style;
    const auto route = s3::make_route(options);
    if (!route) std::abort();
    for (const auto& elsewhere :
         {s3::Elsewhere{text, {}, {}}, s3::Elsewhere{{}, text, {}}, s3::Elsewhere{{}, {}, text}}) {
      const auto next = s3::redirected(*route, options, elsewhere);
      if (!next) continue;
      if (!next->target.is_https || !next->target.host.ends_with(".eu.example.org")) {
        if (next->target.host != route->target.host) std::abort();
      }
      if (next->host_field().find_first_of("\r\n /") != std::string::npos) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto range = s3::read_content_range(input)) {
    if (range->first > range->last || range->last >= range->total) std::abort();
  }
  (void)s3::read_http_date(input);
  (void)s3::read_number(input);
  for (const char c : s3::read_tag(input)) {
    if (c <= ' ' || c == '"') std::abort();
  }
  check_route(std::string(input));
  if (vedette::blob::check_key(input)) {
    if (!vedette::is_clean_utf8(input) || input.starts_with('/')) std::abort();
    const auto padded = "/" + std::string(input) + "/";
    if (padded.contains("/../") || padded.contains("/./") || padded.contains("//")) std::abort();
    if (!vedette::blob::check_prefix(input)) std::abort();
  }
  for (const char c : s3::encode_path(input)) {
    if (c <= ' ' || c == '?' || c == '#' || c == 0x7f) std::abort();
  }
  return 0;
}

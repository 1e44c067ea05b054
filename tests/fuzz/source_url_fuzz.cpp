// A source as somebody typed it: sorted by kind, and never shown with its password.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "media/source_url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vedette::media;
  SourceOptions options;
  options.url.assign(reinterpret_cast<const char*>(data), size);
  const auto shown = mask_password(options.url);
  if (mask_password(shown) != shown) std::abort();
  for (const bool loop : {false, true}) {
    options.loop = loop;
    const auto url = parse_source_url(options);
    if (!url && url.error().message.empty()) std::abort();
    if (url && (url->path.find('\0') != std::string::npos || url->open_name.empty())) std::abort();
  }
  return 0;
}

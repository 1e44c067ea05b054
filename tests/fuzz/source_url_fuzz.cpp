// A source as somebody typed it: sorted by kind, and never shown with its secrets.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/address.hpp"
#include "media/source_url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vedette;
  media::SourceOptions options;
  options.url.assign(reinterpret_cast<const char*>(data), size);
  const auto shown = mask_address(options.url);
  if (const auto same = unmask_address(shown, options.url); same && shown == options.url) {
    if (*same != options.url) std::abort();
  }
  if (const auto address = parse_address(options.url)) {
    // What is written anew says the same, and is still hidden.
    const auto again = parse_address(address->text());
    if (!again || again->host != address->host || again->secret != address->secret) std::abort();
    const bool has_secret = address->user && (!address->user->empty() || address->secret);
    if (has_secret && !mask_address(address->text()).contains("***@")) std::abort();
  }
  for (const bool loop : {false, true}) {
    options.loop = loop;
    const auto url = media::parse_source_url(options);
    if (!url && url.error().message.empty()) std::abort();
    if (url && (url->path.find('\0') != std::string::npos || url->open_name.empty())) std::abort();
  }
  return 0;
}

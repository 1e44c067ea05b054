// Paths and queries from any bytes: what passes is clean.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "http/url_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vedette::http;
  using vedette::is_clean_utf8;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto path = normalise_path(input)) {
    const auto closed = *path + "/";
    const bool is_clean =
        path->starts_with('/') && is_clean_utf8(*path) &&
        closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos &&
        path->find("//") == std::string::npos && path->find('\\') == std::string::npos;
    if (!is_clean) std::abort();
  }
  if (const auto pairs = parse_query(input)) {
    if (pairs->size() > 256) std::abort();
    for (const auto& [name, value] : *pairs) {
      if (!is_clean_utf8(name) || !is_clean_utf8(value)) std::abort();
    }
  }
  return 0;
}

// multipart/form-data from any bytes: the first line is the content type, the rest the body.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/multipart.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  const auto body = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  vedette::http::MultipartLimits limits;
  limits.parts = 4;
  limits.header_bytes = 256;
  const auto parts = vedette::http::parse_multipart(input.substr(0, end), body, limits);
  if (!parts) return 0;
  if (parts->size() > limits.parts) std::abort();
  const auto* last = body.data();
  for (const auto& part : *parts) {
    if (part.content.empty()) continue;
    // Contents lie in the body, in order, and do not overlap.
    if (part.content.data() < last || part.content.end() > body.end()) std::abort();
    last = part.content.data() + part.content.size();
  }
  return 0;
}

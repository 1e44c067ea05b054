// The header field of tus that carries a file's name, from any bytes: what is read is text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/imagery/resumable.hpp"
#include "base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  const auto pairs = vedette::api::read_upload_metadata(field);
  if (!pairs) return 0;
  std::size_t bytes = 0;
  for (const auto& [name, value] : *pairs) {
    if (name.empty() || !vedette::is_clean_utf8(value)) std::abort();
    bytes += name.size() + value.size();
  }
  if (bytes > size) std::abort();
  return 0;
}

// The description of a model: a file that a user wrote or downloaded.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "media/model_info.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto info = vedette::media::parse_model_info(text, "fuzz.toml");
  if (!info) {
    if (info.error().message.empty()) std::abort();
    return 0;
  }
  // What is accepted must be usable as it stands.
  const auto& input = info->input;
  if (input.width < 16 || input.height < 16 || info->labels.empty()) std::abort();
  for (const float scale : input.scale) {
    if (!(scale != 0)) std::abort();
  }
  return 0;
}

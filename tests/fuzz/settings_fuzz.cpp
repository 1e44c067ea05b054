// Settings from any bytes: before the first NUL byte vedette.toml, after it .env.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto split = input.find('\0');
  vedette::config::Inputs inputs;
  inputs.environment = {{"HOME", "/home/ann"}};
  inputs.toml = vedette::config::SourceText{"vedette.toml", std::string(input.substr(0, split))};
  if (split != std::string_view::npos) {
    inputs.dotenv = vedette::config::SourceText{".env", std::string(input.substr(split + 1))};
  }
  const auto loaded = vedette::config::parse_settings(inputs);
  // Refused as bad use with a sentence, or whole: never anything between.
  const bool is_sound =
      loaded ? !loaded->settings.roles.empty() && !loaded->effective.empty()
             : loaded.error().code == vedette::ErrorCode::kUsage && !loaded.error().message.empty();
  if (!is_sound) std::abort();
  return 0;
}

// multipart/form-data from any bytes, whole and in small pieces: both readings must agree. The
// first line is the content type, the rest the body.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "http/multipart.hpp"

namespace {

using vedette::Result;

/// What a reader was told, in one text; with the error's code when it met one.
std::string read(std::string_view type, std::string_view body, std::size_t step) {
  const vedette::http::MultipartLimits limits{.parts = 4, .header_bytes = 256};
  auto reader = vedette::http::MultipartReader::make(type, limits);
  if (!reader) return "none";
  std::string told;
  std::size_t parts = 0;
  std::size_t bytes = 0;
  const vedette::http::MultipartReader::Sink sink{
      [&](vedette::http::FormPart part) -> Result<void> {
        if (++parts > limits.parts) std::abort();
        told +=
            "[" + part.name + "|" + part.file_name.value_or("-") + "|" + part.content_type + "]";
        return {};
      },
      [&](std::string_view content) -> Result<void> {
        if (content.empty() || parts == 0) std::abort();
        bytes += content.size();
        told += content;
        return {};
      }};
  const auto size = body.size();
  while (!body.empty()) {
    if (auto fed = reader->feed(body.substr(0, step), sink); !fed) return "error";
    body.remove_prefix(std::min(step, body.size()));
  }
  if (bytes > size) std::abort();
  return reader->finish() ? told : "error";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  const auto body = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  const auto type = input.substr(0, end);
  if (read(type, body, std::max<std::size_t>(body.size(), 1)) != read(type, body, 3)) std::abort();
  return 0;
}

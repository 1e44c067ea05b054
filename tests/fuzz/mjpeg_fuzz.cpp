// The pictures of another process from any bytes: the first byte says in what pieces they come, the
// first line what content type they have.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/mjpeg_parser.hpp"

namespace {

constexpr std::size_t kMost = 64;

struct Outcome {
  bool is_read = true;  // without an error
  std::optional<std::string> newest;
};

Outcome read(std::string_view type, std::string_view bytes, std::size_t step) {
  Outcome outcome;
  auto parser = vedette::http::MjpegParser::make(type, kMost);
  if (!parser) std::abort();
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    auto picture = parser->take(bytes.substr(0, step));
    if (!picture) return {false, {}};
    if (!*picture) continue;
    if ((*picture)->empty() || (*picture)->size() > kMost) std::abort();
    outcome.newest = std::move(*picture);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto end = std::min(input.find('\n'), input.size());
  const auto type = input.substr(0, end);
  const auto bytes = input.substr(std::min(end + 1, input.size()));
  if (!vedette::http::MjpegParser::make(type, kMost)) return 0;
  const Outcome whole = read(type, bytes, std::max<std::size_t>(bytes.size(), 1));
  const Outcome pieces = read(type, bytes, std::size_t{1} + data[0] % 64);
  // How the network cuts the bytes changes nothing.
  if (whole.is_read != pieces.is_read || whole.newest != pieces.newest) std::abort();
  return 0;
}

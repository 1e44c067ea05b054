// A Range field from any bytes, against small and large contents.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/range.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vedette::http::RangeResult;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, UINT64_MAX}) {
    const auto range = vedette::http::parse_range(input, length);
    if (range.kind != RangeResult::Kind::kPart) continue;
    if (range.first > range.last || range.last >= length) std::abort();
  }
  return 0;
}

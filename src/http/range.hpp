// Reads a Range field against a known size, RFC 9110 14. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace vedette::http {

struct RangeResult {
  enum class Kind {
    kWhole,  // no range, another unit, several ranges, or malformed: answer with 200 and everything
    kPart,   // 206 with [first, last]
    kUnsatisfiable,  // 416
  };
  Kind kind = Kind::kWhole;
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
};

/// `field` is the value of Range ("bytes=0-99"), `size` that of the content.
RangeResult parse_range(std::string_view field, std::uint64_t size);

}  // namespace vedette::http

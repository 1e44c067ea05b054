#include "http/range.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/field_text.hpp"

namespace vedette::http {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  // A number past 64 bits lies past the end of everything.
  if (code == std::errc::result_out_of_range) return UINT64_MAX;
  return value;
}

}  // namespace

RangeResult parse_range(std::string_view field, std::uint64_t size) {
  using Kind = RangeResult::Kind;
  constexpr std::string_view kUnit = "bytes";
  field = trim(field);
  const auto equals = field.find('=');
  if (equals == std::string_view::npos || !equals_ignoring_case(field.substr(0, equals), kUnit)) {
    return {};
  }
  const auto spec = trim(field.substr(equals + 1));
  if (spec.find(',') != std::string_view::npos) return {};
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return {};
  const auto from = spec.substr(0, dash);
  const auto to = spec.substr(dash + 1);

  if (from.empty()) {  // the last n bytes
    const auto count = parse_number(to);
    if (!count) return {};
    if (*count == 0 || size == 0) return {Kind::kUnsatisfiable, 0, 0};
    return {Kind::kPart, size - std::min(*count, size), size - 1};
  }
  const auto first = parse_number(from);
  if (!first) return {};
  const auto last = to.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : parse_number(to);
  if (!last || *last < *first) return {};
  if (*first >= size) return {Kind::kUnsatisfiable, 0, 0};
  return {Kind::kPart, *first, std::min(*last, size - 1)};
}

}  // namespace vedette::http

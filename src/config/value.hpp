// One setting's value and its text: what flags, environment and the file give is text, is checked
// against the setting's kind and bounds, and can be written back. Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace vedette::config {

enum class Kind {
  kText,
  kPath,
  kDatabase,  ///< database URL
  kAddress,   ///< host:port
  kInteger,
  kNumber,
  kBoolean,
  kDuration,  ///< "10s"
  kSize,      ///< "64MiB"
  kChoice,
  kList,  ///< words with commas between them
};

struct Address {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};

using Value = std::variant<std::string, Address, std::int64_t, double, bool, Micros,
                           std::vector<std::string>>;

/// What a value may be. `low` and `high` count in the kind's unit: microseconds, bytes, or as they
/// stand.
struct Shape {
  Kind kind = Kind::kText;
  double low = 0;
  double high = 0;
  /// kChoice: the words; kList: the words allowed, or any when empty; kPath: words that are no
  /// path.
  std::span<const std::string_view> choices = {};
  /// The value may be empty.
  bool may_be_empty = false;
  /// 0 is allowed below `low`, and means something of its own.
  bool may_be_zero = false;
};

/// Reads a value. The error says what would be right: "a whole number from 1 to 64".
std::expected<Value, std::string> parse_value(const Shape& shape, std::string_view text);

/// The text parse_value() reads as this value again.
std::string format_value(const Shape& shape, const Value& value);

/// "a whole number from 1 to 64", "a duration from 1s to 10m, such as 10s".
std::string describe(const Shape& shape);

/// "10s", "500ms", "48h", "400d", "0".
std::string format_duration(Micros duration);
/// "64MiB", "1000".
std::string format_size(std::int64_t bytes);

}  // namespace vedette::config

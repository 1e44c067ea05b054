#include "config/value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace vedette::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// Largest first, so that format_*() takes the largest that divides.
constexpr std::array kDurationUnits{Unit{"d", 86400e6}, Unit{"h", 3600e6}, Unit{"m", 60e6},
                                    Unit{"s", 1e6},     Unit{"ms", 1e3},   Unit{"us", 1}};
constexpr std::array kSizeUnits{Unit{"TiB", 1099511627776.0},
                                Unit{"GiB", 1073741824.0},
                                Unit{"MiB", 1048576.0},
                                Unit{"KiB", 1024.0},
                                Unit{"TB", 1e12},
                                Unit{"GB", 1e9},
                                Unit{"MB", 1e6},
                                Unit{"kB", 1e3},
                                Unit{"B", 1}};

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

// A number and its unit; a bare number only where `bare_unit` is given, and 0 always.
std::optional<double> parse_with_unit(std::string_view text, std::span<const Unit> units,
                                      std::optional<double> bare_unit) {
  const auto split = text.find_first_not_of("+-0123456789.eE");
  const auto number = parse_number(trim(text.substr(0, split)));
  if (!number) return {};
  if (split == std::string_view::npos) {
    if (*number == 0) return 0;
    return bare_unit ? std::optional(*number * *bare_unit) : std::nullopt;
  }
  const auto wanted = trim(text.substr(split));
  for (const auto& unit : units) {
    if (equals_ignoring_case(unit.name, wanted)) return *number * unit.factor;
  }
  return {};
}

std::optional<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  auto host = text.substr(0, colon);
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return {};
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (!is_bracketed && host.contains(':')) return {};
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '%' || c == '_';
  };
  if (host.empty() || host.size() > 255 || !std::ranges::all_of(host, is_fine)) return {};
  return Address{std::string(host), static_cast<std::uint16_t>(*port)};
}

bool is_database(std::string_view text) {
  for (const std::string_view scheme : {"sqlite:", "postgresql://", "postgres://"}) {
    if (text.starts_with(scheme)) return text.size() > scheme.size();
  }
  return text.contains('=') && !text.contains("://");  // libpq's "host=... dbname=..."
}

std::optional<std::vector<std::string>> parse_list(const Shape& shape, std::string_view text) {
  std::vector<std::string> words;
  for (const auto word : split(text, ',')) {
    if (!shape.choices.empty() && std::ranges::find(shape.choices, word) == shape.choices.end()) {
      return {};
    }
    if (std::ranges::find(words, word) == words.end()) words.emplace_back(word);
  }
  if (words.empty() && !shape.may_be_empty) return {};
  return words;
}

std::optional<Value> parse_scalar(const Shape& shape, std::string_view text) {
  const auto within = [&](double value) {
    return (value >= shape.low && value <= shape.high) || (shape.may_be_zero && value == 0);
  };
  switch (shape.kind) {
    case Kind::kInteger:
      if (const auto value = parse_integer(text); value && within(static_cast<double>(*value))) {
        return *value;
      }
      return {};
    case Kind::kNumber:
      if (const auto value = parse_number(text); value && within(*value)) return *value;
      return {};
    case Kind::kBoolean:
      for (const std::string_view yes : {"true", "yes", "on", "1"}) {
        if (equals_ignoring_case(text, yes)) return true;
      }
      for (const std::string_view no : {"false", "no", "off", "0"}) {
        if (equals_ignoring_case(text, no)) return false;
      }
      return {};
    case Kind::kDuration:
      if (const auto value = parse_with_unit(text, kDurationUnits, {}); value && within(*value)) {
        return Micros{std::llround(*value)};
      }
      return {};
    case Kind::kSize:
      if (const auto value = parse_with_unit(text, kSizeUnits, 1); value && within(*value)) {
        return static_cast<std::int64_t>(std::llround(*value));
      }
      return {};
    default:
      return {};
  }
}

// `units` from the largest; the first that divides the count.
std::string in_largest_unit(std::int64_t count, std::span<const Unit> units) {
  for (const auto& unit : units) {
    const auto factor = static_cast<std::int64_t>(unit.factor);
    if (count % factor == 0) return fmt::format("{}{}", count / factor, unit.name);
  }
  return "0";
}

std::string bound(Kind kind, double value) {
  if (kind == Kind::kDuration) return format_duration(Micros{std::llround(value)});
  if (kind == Kind::kSize) return format_size(std::llround(value));
  return fmt::format("{}", value);
}

}  // namespace

std::expected<Value, std::string> parse_value(const Shape& shape, std::string_view text) {
  // Text and paths are taken as they are: a password may begin with a space.
  const bool is_verbatim = shape.kind == Kind::kText || shape.kind == Kind::kPath;
  const auto word = is_verbatim ? text : trim(text);
  const auto wrong = [&] { return std::unexpected(describe(shape)); };
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(word, is_control)) return wrong();

  switch (shape.kind) {
    case Kind::kText:
    case Kind::kPath:
      if (word.empty() && !shape.may_be_empty) return wrong();
      if (shape.high > 0 && static_cast<double>(word.size()) > shape.high) return wrong();
      return std::string(word);
    case Kind::kDatabase:
      if (!is_database(word)) return wrong();
      return std::string(word);
    case Kind::kAddress:
      if (word.empty() && shape.may_be_empty) return Address{};
      if (auto address = parse_address(word)) return *std::move(address);
      return wrong();
    case Kind::kChoice:
      for (const auto choice : shape.choices) {
        if (equals_ignoring_case(choice, word)) return std::string(choice);
      }
      return wrong();
    case Kind::kList:
      if (auto list = parse_list(shape, word)) return *std::move(list);
      return wrong();
    default:
      if (auto value = parse_scalar(shape, word)) return *std::move(value);
      return wrong();
  }
}

std::string format_value(const Shape& shape, const Value& value) {
  struct Writer {
    const Shape& shape;
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const Address& address) const {
      if (address.host.empty()) return {};
      return address.host.contains(':') ? fmt::format("[{}]:{}", address.host, address.port)
                                        : fmt::format("{}:{}", address.host, address.port);
    }
    std::string operator()(std::int64_t count) const {
      return shape.kind == Kind::kSize ? format_size(count) : fmt::format("{}", count);
    }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(Micros duration) const { return format_duration(duration); }
    std::string operator()(const std::vector<std::string>& words) const {
      return fmt::format("{}", fmt::join(words, ","));
    }
  };
  return std::visit(Writer{shape}, value);
}

std::string describe(const Shape& shape) {
  const auto range = [&] {
    return fmt::format("from {} to {}{}", bound(shape.kind, shape.low),
                       bound(shape.kind, shape.high), shape.may_be_zero ? ", or 0" : "");
  };
  switch (shape.kind) {
    case Kind::kText:
      if (shape.may_be_empty) return "text without control characters";
      return "text, not empty, without control characters";
    case Kind::kPath:
      if (shape.choices.empty()) return "the path of a file or folder";
      return fmt::format("{}, or the path of a file", fmt::join(shape.choices, ", "));
    case Kind::kDatabase:
      return "sqlite:FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME";
    case Kind::kAddress:
      return "ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080";
    case Kind::kInteger:
      return fmt::format("a whole number {}", range());
    case Kind::kNumber:
      return fmt::format("a number {}", range());
    case Kind::kBoolean:
      return "true or false";
    case Kind::kDuration:
      return fmt::format("a time with its unit (us, ms, s, m, h, d) {}", range());
    case Kind::kSize:
      return fmt::format("a size with its unit (KiB, MiB, GiB) {}", range());
    case Kind::kChoice:
      return fmt::format("one of {}", fmt::join(shape.choices, ", "));
    case Kind::kList:
      if (shape.choices.empty()) return "words with commas between them";
      return fmt::format("one or more of {}, with commas between them",
                         fmt::join(shape.choices, ", "));
  }
  std::unreachable();
}

std::string format_duration(Micros duration) {
  if (duration.count() == 0) return "0";
  // 24h and 48h read better than 1d and 2d.
  const bool in_days = duration >= std::chrono::days(3);
  return in_largest_unit(duration.count(), std::span(kDurationUnits).subspan(in_days ? 0 : 1));
}

std::string format_size(std::int64_t bytes) {
  if (bytes == 0) return "0";
  // 1000000 stays that: powers of ten are read, and written in bytes.
  if (bytes % 1024 != 0) return fmt::format("{}", bytes);
  return in_largest_unit(bytes, std::span(kSizeUnits).first(4));
}

}  // namespace vedette::config

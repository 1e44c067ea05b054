// How rows of the table of settings are written: shapes, and values taken out of them. Private to
// the table_*.cpp files. Pure.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/table.hpp"

namespace vedette::config {

/// The rows of one section file, in the order of the documentation.
std::span<const Declaration> server_declarations();
std::span<const Declaration> blob_declarations();
std::span<const Declaration> traffic_declarations();
std::span<const Declaration> imagery_declarations();

constexpr Shape text(bool may_be_empty = true, double longest = 0) {
  return {.kind = Kind::kText, .high = longest, .may_be_empty = may_be_empty};
}
constexpr Shape path(bool may_be_empty = false) {
  return {.kind = Kind::kPath, .may_be_empty = may_be_empty};
}
constexpr Shape whole(double low, double high) {
  return {.kind = Kind::kInteger, .low = low, .high = high};
}
constexpr Shape size(double low, double high) {
  return {.kind = Kind::kSize, .low = low, .high = high};
}
constexpr Shape duration(Micros low, Micros high) {
  return {.kind = Kind::kDuration,
          .low = static_cast<double>(low.count()),
          .high = static_cast<double>(high.count())};
}
constexpr Shape choice(std::span<const std::string_view> words) {
  return {.kind = Kind::kChoice, .choices = words};
}

// Not below an hour: 48s in place of 48h would empty the tables.
constexpr Shape retention() {
  auto shape = duration(std::chrono::hours(1), std::chrono::days(36500));
  shape.may_be_zero = true;
  return shape;
}

inline constexpr double kMebibyte = 1024 * 1024;

inline const std::string& as_text(const Value& value) {
  return std::get<std::string>(value);
}
inline int as_int(const Value& value) {
  return static_cast<int>(std::get<std::int64_t>(value));
}
inline Micros as_time(const Value& value) {
  return std::get<Micros>(value);
}

}  // namespace vedette::config

#include "db/postgres/pg_values.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <bit>
#include <charconv>
#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>

#include "db/postgres/pg_types.hpp"

namespace vedette::db {
namespace {

constexpr std::int64_t kDayMicros = 86'400'000'000;
constexpr auto kForever = std::numeric_limits<std::int64_t>::max();
constexpr auto kNever = std::numeric_limits<std::int64_t>::min();

template <class T>
T from_network(std::string_view bytes) {
  T value{};
  if (bytes.size() != sizeof value) throw std::runtime_error("a PostgreSQL value has a wrong size");
  bytes.copy(reinterpret_cast<char*>(&value), sizeof value);
  return std::byteswap(value);
}

template <class T>
T number(std::string_view text) {
  T value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) {
    throw std::runtime_error("a PostgreSQL number cannot be read");
  }
  return value;
}

std::int64_t since_1970(std::int64_t since_2000) {
  return since_2000 == kForever || since_2000 == kNever ? since_2000 : since_2000 + kEpochShift;
}

// "2026-11-22 15:08:37.123456+00", or without zone or without time.
std::int64_t instant_of(std::string_view text) {
  if (text == "infinity") return kForever;
  if (text == "-infinity") return kNever;
  const auto year_end = text.find('-', 1);
  const auto at = [&](std::size_t from) { return number<int>(text.substr(year_end + from, 2)); };
  const std::chrono::year_month_day day(std::chrono::year(number<int>(text.substr(0, year_end))),
                                        std::chrono::month(static_cast<unsigned>(at(1))),
                                        std::chrono::day(static_cast<unsigned>(at(4))));
  std::int64_t micros = to_micros(std::chrono::sys_days(day));
  const std::size_t time = year_end + 7;
  if (text.size() <= time) return micros;
  micros += (at(7) * 3'600LL + at(10) * 60LL + at(13)) * 1'000'000;
  std::size_t next = time + 8;
  if (next < text.size() && text[next] == '.') {
    std::int64_t scale = 100'000;
    for (++next; next < text.size() && text[next] >= '0' && text[next] <= '9'; ++next) {
      micros += (text[next] - '0') * scale;
      scale /= 10;
    }
  }
  if (next < text.size() && (text[next] == '+' || text[next] == '-')) {
    const std::string_view zone = text.substr(next + 1);
    std::int64_t seconds = number<int>(zone.substr(0, 2)) * 3'600LL;
    if (zone.size() >= 5) seconds += number<int>(zone.substr(3, 2)) * 60LL;
    micros -= (text[next] == '+' ? seconds : -seconds) * 1'000'000;
  }
  return micros;
}

std::string uuid_text(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

void add_binary(unsigned type, std::string_view bytes, Rows& rows) {
  switch (type) {
    case kBoolType:
      rows.add_integer(Kind::kBool, bytes.at(0) != 0 ? 1 : 0);
      return;
    case kInt2Type:
      rows.add_integer(Kind::kInteger, from_network<std::int16_t>(bytes));
      return;
    case kInt4Type:
      rows.add_integer(Kind::kInteger, from_network<std::int32_t>(bytes));
      return;
    case kOidType:
      rows.add_integer(Kind::kInteger, from_network<std::uint32_t>(bytes));
      return;
    case kInt8Type:
      rows.add_integer(Kind::kInteger, from_network<std::int64_t>(bytes));
      return;
    case kFloat4Type:
      rows.add_real(std::bit_cast<float>(from_network<std::uint32_t>(bytes)));
      return;
    case kFloat8Type:
      rows.add_real(std::bit_cast<double>(from_network<std::uint64_t>(bytes)));
      return;
    case kTimestampType:
    case kTimestampTzType:
      rows.add_integer(Kind::kInstant, since_1970(from_network<std::int64_t>(bytes)));
      return;
    case kDateType:
      rows.add_integer(Kind::kInstant,
                       from_network<std::int32_t>(bytes) * kDayMicros + kEpochShift);
      return;
    case kUuidType:
      rows.add_bytes(Kind::kText, uuid_text(bytes));
      return;
    case kByteaType:
      rows.add_bytes(Kind::kBlob, bytes);
      return;
    case kVoidType:
      rows.add_null();
      return;
    default:
      rows.add_bytes(Kind::kText, bytes);
  }
}

void add_hex(std::string_view text, Rows& rows) {
  std::size_t size = 0;
  const std::string copy(text);
  const std::unique_ptr<unsigned char, decltype(&PQfreemem)> bytes(
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(copy.c_str()), &size), &PQfreemem);
  if (!bytes) throw std::bad_alloc();
  rows.add_bytes(Kind::kBlob, {reinterpret_cast<const char*>(bytes.get()), size});
}

void add_textual(unsigned type, std::string_view text, Rows& rows) {
  switch (type) {
    case kBoolType:
      rows.add_integer(Kind::kBool, text == "t" ? 1 : 0);
      return;
    case kInt2Type:
    case kInt4Type:
    case kInt8Type:
    case kOidType:
      rows.add_integer(Kind::kInteger, number<std::int64_t>(text));
      return;
    case kFloat4Type:
      rows.add_real(number<float>(text));
      return;
    case kFloat8Type:
      rows.add_real(number<double>(text));
      return;
    case kNumericType:
      rows.add_decimal(text);
      return;
    case kDateType:
    case kTimestampType:
    case kTimestampTzType:
      rows.add_integer(Kind::kInstant, instant_of(text));
      return;
    case kByteaType:
      add_hex(text, rows);
      return;
    case kVoidType:
      rows.add_null();
      return;
    default:
      rows.add_bytes(Kind::kText, text);
  }
}

}  // namespace

bool is_binary_type(unsigned type) {
  switch (type) {
    case kBoolType:
    case kByteaType:
    case kNameType:
    case kInt8Type:
    case kInt2Type:
    case kInt4Type:
    case kTextType:
    case kOidType:
    case kJsonType:
    case kFloat4Type:
    case kFloat8Type:
    case kBpcharType:
    case kVarcharType:
    case kDateType:
    case kTimestampType:
    case kTimestampTzType:
    case kVoidType:
    case kUuidType:
      return true;
    default:
      return false;
  }
}

void add_cell(const pg_result* result, int row, int column, Rows& rows) {
  if (PQgetisnull(result, row, column) != 0) {
    rows.add_null();
    return;
  }
  const std::string_view bytes(PQgetvalue(result, row, column),
                               static_cast<std::size_t>(PQgetlength(result, row, column)));
  if (PQfformat(result, column) == 1) {
    add_binary(PQftype(result, column), bytes, rows);
  } else {
    add_textual(PQftype(result, column), bytes, rows);
  }
}

}  // namespace vedette::db

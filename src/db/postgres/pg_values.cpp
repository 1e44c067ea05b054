#include "db/postgres/pg_values.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>

namespace vedette::db {
namespace {

// Type numbers, fixed in PostgreSQL's catalog/pg_type.dat.
enum : unsigned {
  kAny = 0,
  kBoolType = 16,
  kByteaType = 17,
  kNameType = 19,
  kInt8Type = 20,
  kInt2Type = 21,
  kInt4Type = 23,
  kTextType = 25,
  kOidType = 26,
  kJsonType = 114,
  kFloat4Type = 700,
  kFloat8Type = 701,
  kBpcharType = 1042,
  kVarcharType = 1043,
  kDateType = 1082,
  kTimestampType = 1114,
  kTimestampTzType = 1184,
  kNumericType = 1700,
  kVoidType = 2278,
  kUuidType = 2950,
};

// PostgreSQL counts from 2000-01-01.
constexpr std::int64_t kEpochShift = 946'684'800'000'000;
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

std::string instant_text(std::int64_t micros) {
  const Instant t = from_micros(micros);
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

void append_real(double value, std::string& out) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.begin(), text.end(), value);
  out.append(text.data(), static_cast<std::size_t>(end - text.data()));
}

void append_scalar_text(const Param& param, std::string& out) {
  switch (param.kind()) {
    case Kind::kBool:
      out += param.integer() != 0 ? 't' : 'f';
      return;
    case Kind::kInteger:
      fmt::format_to(std::back_inserter(out), "{}", param.integer());
      return;
    case Kind::kReal:
      append_real(param.real(), out);
      return;
    case Kind::kInstant:
      out += instant_text(param.integer());
      return;
    default:
      return;
  }
}

constexpr std::size_t kScalarText = 40;  // the longest text of a number or instant, and its NUL

}  // namespace

PgParams::PgParams(std::span<const Param> params) {
  std::size_t bytes = 0;
  for (const Param& param : params) {
    bytes += param.kind() == Kind::kText ? param.bytes().size() + 1 : sizeof(std::int64_t);
  }
  reserve(params.size(), bytes);
  for (const Param& param : params) {
    switch (param.kind()) {
      case Kind::kNull:
        add(kAny, nullptr, 0, 0);
        break;
      case Kind::kBool:
        add_number(kBoolType, static_cast<std::uint64_t>(param.integer()), 1);
        break;
      case Kind::kInteger:
        add_number(kInt8Type, static_cast<std::uint64_t>(param.integer()), 8);
        break;
      case Kind::kReal:
        add_number(kFloat8Type, std::bit_cast<std::uint64_t>(param.real()), 8);
        break;
      case Kind::kInstant:
        add_number(kTimestampTzType, static_cast<std::uint64_t>(param.integer() - kEpochShift), 8);
        break;
      case Kind::kText:
        add_text(param.bytes());
        break;
      case Kind::kBlob:
        add(kByteaType, param.bytes().empty() ? "" : param.bytes().data(), param.bytes().size(), 1);
        break;
    }
  }
}

PgParams::PgParams(std::span<const Value> values) {
  std::size_t bytes = 0;
  for (const Value& value : values) {
    const auto* text = std::get_if<std::string>(&value);
    bytes += text != nullptr ? text->size() + 1 : kScalarText;
  }
  reserve(values.size(), bytes);
  for (const Value& value : values) {
    const Param param(value);
    if (param.kind() == Kind::kNull) {
      add(kAny, nullptr, 0, 0);
    } else if (param.kind() == Kind::kBlob) {
      add(kAny, param.bytes().empty() ? "" : param.bytes().data(), param.bytes().size(), 1);
    } else if (param.kind() == Kind::kText) {
      add_text(param.bytes());
    } else {
      const std::size_t start = arena_.size();
      append_scalar_text(param, arena_);
      arena_ += '\0';
      add(kAny, arena_.data() + start, arena_.size() - start - 1, 0);
    }
  }
}

void PgParams::reserve(std::size_t count, std::size_t bytes) {
  arena_.reserve(bytes);
  types_.reserve(count);
  values_.reserve(count);
  lengths_.reserve(count);
  formats_.reserve(count);
}

void PgParams::add(unsigned type, const char* value, std::size_t length, int format) {
  types_.push_back(type);
  values_.push_back(value);
  lengths_.push_back(static_cast<int>(length));
  formats_.push_back(format);
}

void PgParams::add_number(unsigned type, std::uint64_t bits, std::size_t length) {
  const std::uint64_t network = std::byteswap(bits);
  const std::size_t start = arena_.size();
  arena_.append(reinterpret_cast<const char*>(&network) + (8 - length), length);
  add(type, arena_.data() + start, length, 1);
}

void PgParams::add_text(std::string_view text) {
  const std::size_t start = arena_.size();
  arena_.append(text);
  arena_ += '\0';
  add(kAny, arena_.data() + start, text.size(), 0);
}

std::string PgParams::signature() const {
  std::string signature;
  for (const unsigned type : types_) signature += static_cast<char>('A' + type % 26);
  return signature;
}

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

void append_copy_row(std::span<const Value> row, std::string& out) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += '\t';
    const Param param(row[i]);
    if (param.kind() == Kind::kNull) {
      out += "\\N";
    } else if (param.kind() == Kind::kText) {
      for (const char c : param.bytes()) {
        if (c == '\\') {
          out += "\\\\";
        } else if (c == '\t') {
          out += "\\t";
        } else if (c == '\n') {
          out += "\\n";
        } else if (c == '\r') {
          out += "\\r";
        } else {
          out += c;
        }
      }
    } else if (param.kind() == Kind::kBlob) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += "\\\\x";
      for (const char c : param.bytes()) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0xfU];
      }
    } else {
      append_scalar_text(param, out);
    }
  }
  out += '\n';
}

std::string text_array(std::span<const std::string> texts) {
  std::string array = "{";
  for (const std::string& text : texts) {
    array += array.size() > 1 ? ",\"" : "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

}  // namespace vedette::db

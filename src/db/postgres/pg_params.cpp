#include "db/postgres/pg_params.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <chrono>

#include "db/postgres/pg_types.hpp"

namespace vedette::db {
namespace {

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

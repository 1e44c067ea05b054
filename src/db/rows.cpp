#include "db/rows.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <span>
#include <stdexcept>

namespace vedette::db {
namespace {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "NULL";
    case Kind::kBool:
      return "a boolean";
    case Kind::kInteger:
      return "an integer";
    case Kind::kReal:
      return "a real number";
    case Kind::kText:
      return "text";
    case Kind::kBlob:
      return "a blob";
    case Kind::kInstant:
      return "an instant";
  }
  return "unknown";
}

[[noreturn]] void mismatch(std::string_view column, std::string_view wanted, Kind found) {
  throw std::logic_error(
      fmt::format("column {} was read as {} but holds {}", column, wanted, kind_name(found)));
}

template <class T>
bool parse(std::string_view text, T& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && rest == text.data() + text.size();
}

// "42.000" counts as the integer 42.
std::string_view without_zero_fraction(std::string_view digits) {
  const auto point = digits.find('.');
  if (point == std::string_view::npos) return digits;
  return digits.find_first_not_of('0', point + 1) == std::string_view::npos
             ? digits.substr(0, point)
             : digits;
}

}  // namespace

void Rows::add_bytes(Kind kind, std::string_view bytes) {
  Cell cell;
  cell.integer = static_cast<std::int64_t>(bytes_.size());
  cell.size = static_cast<std::uint32_t>(bytes.size());
  cell.kind = kind;
  bytes_.append(bytes);
  cells_.push_back(cell);
}

void Rows::add_decimal(std::string_view digits) {
  add_bytes(Kind::kText, digits);
  cells_.back().is_decimal = true;
}

const Rows::Cell& Rows::cell(std::size_t row, std::size_t column) const {
  if (row >= size()) {
    throw std::logic_error(fmt::format("row {} was read from an answer of {} rows", row, size()));
  }
  if (column >= columns_.size()) {
    throw std::logic_error(
        fmt::format("column {} was read from an answer of {} columns", column, columns_.size()));
  }
  return cells_[row * columns_.size() + column];
}

std::size_t Rows::column_index(std::string_view name) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] == name) return i;
  }
  throw std::logic_error(fmt::format("the answer has no column {}", name));
}

bool Row::is_null(std::size_t column) const {
  return rows_->cell(index_, column).kind == Kind::kNull;
}

bool Rows::bool_at(std::size_t row, std::size_t column) const {
  const Cell& found = cell(row, column);
  if (found.kind == Kind::kBool) return found.integer != 0;
  if (found.kind == Kind::kInteger && (found.integer == 0 || found.integer == 1)) {
    return found.integer == 1;
  }
  mismatch(columns_[column], "a boolean", found.kind);
}

std::int64_t Rows::integer_at(std::size_t row, std::size_t column) const {
  const Cell& found = cell(row, column);
  if (found.kind == Kind::kInteger || found.kind == Kind::kBool) return found.integer;
  std::int64_t value = 0;
  if (found.is_decimal && parse(without_zero_fraction(text_at(row, column)), value)) return value;
  mismatch(columns_[column], "an integer", found.kind);
}

int Rows::int_at(std::size_t row, std::size_t column) const {
  const std::int64_t value = integer_at(row, column);
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
    throw std::logic_error(
        fmt::format("column {} holds {}, which is no int", columns_[column], value));
  }
  return static_cast<int>(value);
}

double Rows::real_at(std::size_t row, std::size_t column) const {
  const Cell& found = cell(row, column);
  if (found.kind == Kind::kReal) return found.real;
  if (found.kind == Kind::kInteger) return static_cast<double>(found.integer);
  double value = 0;
  if (found.is_decimal && parse(text_at(row, column), value)) return value;
  mismatch(columns_[column], "a real number", found.kind);
}

std::string_view Rows::text_at(std::size_t row, std::size_t column) const {
  const Cell& found = cell(row, column);
  if (found.kind != Kind::kText) mismatch(columns_[column], "text", found.kind);
  return std::string_view(bytes_).substr(static_cast<std::size_t>(found.integer), found.size);
}

Blob Rows::blob_at(std::size_t row, std::size_t column) const {
  const Cell& found = cell(row, column);
  if (found.kind != Kind::kBlob) mismatch(columns_[column], "a blob", found.kind);
  const auto bytes =
      std::as_bytes(std::span(bytes_).subspan(static_cast<std::size_t>(found.integer), found.size));
  return {bytes.begin(), bytes.end()};
}

Instant Rows::instant_at(std::size_t row, std::size_t column) const {
  const Cell& found = cell(row, column);
  if (found.kind != Kind::kInstant && found.kind != Kind::kInteger) {
    mismatch(columns_[column], "an instant", found.kind);
  }
  return from_micros(found.integer);
}

}  // namespace vedette::db

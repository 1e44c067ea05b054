// The answer of a query, whole, in two buffers however many rows it has. Rows owns; Row and the
// views it gives borrow from it. Read-only after the query, so any thread may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "db/value.hpp"

namespace vedette::db {

class Rows;

/// One row of an answer. Columns count from 0; names are those of the SELECT list.
///
/// get<T> reads a cell as bool, int, std::int64_t, double, std::string, std::string_view (borrowed
/// from Rows), Blob, Instant, or std::optional of one of these (NULL = nullopt). A NULL read as a
/// plain T, a wrong type or an unknown column is a defect of the caller: std::logic_error, which
/// Database::read and write turn into ErrorCode::kInternal. Accepted beyond the exact type:
/// integers as double or as bool (0, 1), integral decimals as integers, numbers in PostgreSQL
/// NUMERIC as double, integer or text, and SQLite integers as Instant.
class Row {
 public:
  Row(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}

  template <class T>
  T get(std::size_t column) const;
  template <class T>
  T get(std::string_view column) const;
  template <class T>
  T get(const char* column) const {
    return get<T>(std::string_view(column));
  }
  template <class T>
  T get(int column) const {
    return get<T>(static_cast<std::size_t>(column));
  }
  bool is_null(std::size_t column) const;

  const Rows& rows() const { return *rows_; }

 private:
  const Rows* rows_;
  std::size_t index_;
};

class Rows {
 public:
  class Iterator {
   public:
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}
    Row operator*() const { return {*rows_, index_}; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++index_;
      return old;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Rows* rows_ = nullptr;
    std::size_t index_ = 0;
  };

  std::size_t size() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }
  bool empty() const { return cells_.empty(); }
  Row operator[](std::size_t index) const { return {*this, index}; }
  Row front() const { return {*this, 0}; }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }
  const std::vector<std::string>& columns() const { return columns_; }

  /// The first column of the first row; an empty answer is a std::logic_error.
  template <class T>
  T scalar() const {
    return front().template get<T>(std::size_t{0});
  }

  // Filled by the backends, in row order.
  void set_columns(std::vector<std::string> names) { columns_ = std::move(names); }
  void reserve(std::size_t rows) { cells_.reserve(rows * columns_.size()); }
  void add_null() { cells_.push_back({}); }
  void add_integer(Kind kind, std::int64_t value) { cells_.push_back({value, 0.0, 0, kind}); }
  void add_real(double value) { cells_.push_back({0, value, 0, Kind::kReal}); }
  void add_bytes(Kind kind, std::string_view bytes);
  std::size_t byte_size() const { return bytes_.size() + cells_.size() * sizeof(Cell); }
  /// An exact decimal in text form, readable as number or as text.
  void add_decimal(std::string_view digits);

 private:
  friend class Row;
  struct Cell {
    std::int64_t integer = 0;  // also the offset into bytes_
    double real = 0;
    std::uint32_t size = 0;
    Kind kind = Kind::kNull;
    bool is_decimal = false;
  };

  const Cell& cell(std::size_t row, std::size_t column) const;
  std::size_t column_index(std::string_view name) const;
  bool bool_at(std::size_t row, std::size_t column) const;
  std::int64_t integer_at(std::size_t row, std::size_t column) const;
  double real_at(std::size_t row, std::size_t column) const;
  std::string_view text_at(std::size_t row, std::size_t column) const;
  Blob blob_at(std::size_t row, std::size_t column) const;
  Instant instant_at(std::size_t row, std::size_t column) const;
  int int_at(std::size_t row, std::size_t column) const;

  std::vector<std::string> columns_;
  std::vector<Cell> cells_;
  std::string bytes_;
};

namespace detail {
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
}  // namespace detail

template <class T>
T Row::get(std::size_t column) const {
  if constexpr (detail::IsOptional<T>::value) {
    if (is_null(column)) return std::nullopt;
    return get<typename T::value_type>(column);
  } else if constexpr (std::is_same_v<T, bool>) {
    return rows_->bool_at(index_, column);
  } else if constexpr (std::is_same_v<T, int>) {
    return rows_->int_at(index_, column);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return rows_->integer_at(index_, column);
  } else if constexpr (std::is_same_v<T, double>) {
    return rows_->real_at(index_, column);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return rows_->text_at(index_, column);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(rows_->text_at(index_, column));
  } else if constexpr (std::is_same_v<T, Blob>) {
    return rows_->blob_at(index_, column);
  } else {
    static_assert(std::is_same_v<T, Instant>, "not a type a column can be read as");
    return rows_->instant_at(index_, column);
  }
}

template <class T>
T Row::get(std::string_view column) const {
  return get<T>(rows_->column_index(column));
}

}  // namespace vedette::db

// A WHERE clause under construction, with its parameters. A value; one thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/value.hpp"

namespace vedette::db {

class Where {
 public:
  /// The placeholder that stands for the value.
  std::string param(Value value);
  void add(std::string condition);
  /// Nothing wanted: no condition.
  void any_of(std::string_view column, std::span<const std::string> wanted);
  /// "" or " WHERE ...".
  const std::string& text() const { return text_; }
  std::span<const Value> values() const { return values_; }

 private:
  std::string text_;
  std::vector<Value> values_;
};

}  // namespace vedette::db

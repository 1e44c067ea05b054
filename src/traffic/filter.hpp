// Which rows a question about traffic is about, and the clause that selects them. Used by what
// reads the traffic tables.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "db/value.hpp"

namespace vedette::traffic {

struct Filter {
  std::vector<std::string> cameras;  // empty: all
  std::vector<std::string> types;    // empty: all
  std::optional<Instant> from;       // inclusive
  std::optional<Instant> to;         // exclusive
};

/// A WHERE clause under construction, with its parameters.
class Where {
 public:
  /// The placeholder that stands for the value.
  std::string param(db::Value value);
  void add(std::string condition);
  /// Nothing wanted: no condition.
  void any_of(std::string_view column, const std::vector<std::string>& wanted);
  /// The filter on these columns; an empty `type` leaves the types out.
  void apply(const Filter& filter, std::string_view time, std::string_view camera,
             std::string_view type);
  /// "" or " WHERE ...".
  const std::string& text() const { return text_; }
  std::span<const db::Value> values() const { return values_; }

 private:
  std::string text_;
  std::vector<db::Value> values_;
};

}  // namespace vedette::traffic

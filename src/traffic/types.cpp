#include "traffic/types.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vedette::traffic {

const std::vector<std::string>& all_types() {
  static const std::vector<std::string> types{"car",     "truck",  "bus",     "motorcycle",
                                              "bicycle", "person", "vehicle", "moving"};
  return types;
}

const std::vector<std::string>& usual_types() {
  static const std::vector<std::string> types{"car",     "truck",   "bus",   "motorcycle",
                                              "bicycle", "vehicle", "moving"};
  return types;
}

const std::vector<std::string>& motor_types() {
  static const std::vector<std::string> types{"car", "truck", "bus", "motorcycle"};
  return types;
}

Result<void> check_type(std::string_view word) {
  if (std::ranges::find(all_types(), word) != all_types().end()) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is not a type of road user; those there are: {}.",
                          word.substr(0, 40), fmt::join(all_types(), ", ")));
}

}  // namespace vedette::traffic

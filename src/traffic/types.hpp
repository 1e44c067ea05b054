// The words for what is seen on roads: what a model's sidecar may map its labels to, what a camera
// may be asked to count, what the record says. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace vedette::traffic {

/// Every word: "vehicle" is one of unknown kind, "moving" what the motion detector sees.
const std::vector<std::string>& all_types();

/// What a camera counts that says nothing about it: all but persons, for which a post at the
/// roadside is taken all too easily.
const std::vector<std::string>& usual_types();

/// "car", "truck", "bus" and "motorcycle": told apart by a good model.
const std::vector<std::string>& motor_types();

/// kInvalid, with the words there are, when `word` is none.
Result<void> check_type(std::string_view word);

}  // namespace vedette::traffic

// What a count tells: its progress in words, its result as the job has it, and the documents that a
// person takes away. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "traffic/camera.hpp"
#include "traffic/count_result.hpp"

namespace vedette::traffic {

/// What is told of a count beside what it counted.
struct CountTold {
  Instant base_time{};
  std::string_view times_from;  // traffic/counting.hpp
  std::string model;
  std::string cut_off;   // a sentence, when the file is
  std::string left_out;  // a sentence, when files beside it were not read
};

/// "57 road users; Mill Street: 31 away, 26 towards the camera". Of the camera its lines as they
/// are counted with, here and below.
std::string count_in_words(const Camera& camera, const CountResult& result);

/// JSON: the result of the job, without its crossings.
std::string result_json(const Camera& camera, const CountResult& result, const CountTold& told);

/// The same with the camera's name and every crossing.
std::string export_json(const Camera& camera, const CountResult& result, const CountTold& told);

/// A row for each crossing, with a head.
std::string export_csv(const Camera& camera, const CountResult& result, const CountTold& told);

}  // namespace vedette::traffic

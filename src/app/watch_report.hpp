// What `vedette watch` prints: the JSON object at the end and its text for people, crossings as
// JSON lines, progress. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "media/detector.hpp"
#include "media/frame_source.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::app {

/// Counts of a run, per line and type.
class WatchReport {
 public:
  explicit WatchReport(const traffic::WatchPipeline& pipeline);

  void add(const traffic::WatchedFrame& frame);

  /// One crossing as a line of JSON.
  std::string event(const traffic::Crossing& crossing) const;

  struct Run {
    std::string source;
    media::SourceStats source_stats;
    media::DetectorFacts detector;
    double wall_s = 0;
    /// From the program's beginning to the first frame asked for.
    double start_s = 0;
    bool is_sequential = false;
    /// Pictures a second that the source gave; 0: not known.
    double given_fps = 0;
    /// Why the source broke off; empty: it did not.
    std::string problem;
    /// Of a record: how many files, in what order, and why some were passed over or cut off.
    int files = 1;
    std::string order;
    std::vector<std::string> passed_over;
    /// About files beside the source that are not read; empty: none.
    std::string left_out;
  };
  std::string json(const Run& run) const;
  std::string text(const Run& run) const;

  /// "frame 250, 10.4 s, 61 fps, 3 crossings".
  std::string progress(double wall_s) const;

 private:
  struct LineCount {
    std::int64_t a_to_b = 0;
    std::int64_t b_to_a = 0;
    std::vector<std::int64_t> by_type;
  };
  /// What to say when there were too few pictures to count by.
  std::optional<traffic::TooSlow> too_slow(const Run& run) const;
  std::string too_slow_json(const Run& run) const;
  std::string lines_json() const;
  std::string zones_json() const;
  double media_s() const;
  std::vector<std::int64_t> wanted_tracks() const;

  const traffic::WatchPipeline& pipeline_;
  std::vector<LineCount> lines_;
  std::int64_t crossings_ = 0;
  Micros last_time_{0};
  /// Between frames that follow each other, without the gaps of a record.
  Micros seen_{0};
  std::int64_t steps_ = 0;
};

}  // namespace vedette::app

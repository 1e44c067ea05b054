// The measurements of one answer of /metrics, as each part of the program adds its own. One
// thread; prometheus-cpp writes the text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vedette::api {

enum class MetricKind { kCounter, kGauge };

class Families {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  struct Sample {
    double value = 0;
    Labels labels = {};
  };
  struct Histogram {
    std::vector<std::pair<double, std::uint64_t>> buckets;  // upper bound, count up to it
    double sum = 0;
  };

  Families();
  ~Families();
  Families(const Families&) = delete;
  Families& operator=(const Families&) = delete;

  /// Names and helps as Prometheus wants them; each name once.
  void add(MetricKind kind, std::string_view name, std::string_view help,
           const std::vector<Sample>& samples);
  void add(MetricKind kind, std::string_view name, std::string_view help, double value);
  void add(std::string_view name, std::string_view help, const Histogram& histogram);

  /// Prometheus' text format.
  std::string text() const;

 private:
  struct Made;
  std::unique_ptr<Made> made_;
};

}  // namespace vedette::api

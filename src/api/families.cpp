#include "api/families.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace vedette::api {

struct Families::Made {
  std::vector<prometheus::MetricFamily> families;

  prometheus::MetricFamily& family(prometheus::MetricType type, std::string_view name,
                                   std::string_view help) {
    prometheus::MetricFamily& family = families.emplace_back();
    family.name = name;
    family.help = help;
    family.type = type;
    return family;
  }
};

Families::Families() : made_(std::make_unique<Made>()) {}
Families::~Families() = default;

void Families::add(MetricKind kind, std::string_view name, std::string_view help,
                   const std::vector<Sample>& samples) {
  prometheus::MetricFamily& family =
      made_->family(kind == MetricKind::kCounter ? prometheus::MetricType::Counter
                                                 : prometheus::MetricType::Gauge,
                    name, help);
  for (const Sample& sample : samples) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.gauge.value = sample.value;
    metric.counter.value = sample.value;
    for (const auto& [label, value] : sample.labels) metric.label.push_back({label, value});
  }
}

void Families::add(MetricKind kind, std::string_view name, std::string_view help, double value) {
  add(kind, name, help, std::vector<Sample>{{value, {}}});
}

void Families::add(std::string_view name, std::string_view help, const Histogram& histogram) {
  prometheus::ClientMetric& metric =
      made_->family(prometheus::MetricType::Histogram, name, help).metric.emplace_back();
  metric.histogram.sample_sum = histogram.sum;
  for (const auto& [bound, count] : histogram.buckets) {
    metric.histogram.bucket.push_back({count, bound});
    metric.histogram.sample_count = count;
  }
}

std::string Families::text() const {
  return prometheus::TextSerializer().Serialize(made_->families);
}

}  // namespace vedette::api

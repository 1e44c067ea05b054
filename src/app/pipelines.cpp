#include <algorithm>
#include <array>
#include <iterator>

#include "app/pipeline.hpp"
#include "app/traffic.hpp"
#include "work/tables.hpp"

namespace vedette::app {

std::span<const PipelineKind> pipelines() {
  static const std::array kAll{traffic_pipeline()};
  return kAll;
}

std::vector<db::Migration> all_migrations() {
  auto all = work::migrations();
  for (const PipelineKind& kind : pipelines()) {
    std::ranges::move(kind.migrations(), std::back_inserter(all));
  }
  return all;
}

}  // namespace vedette::app

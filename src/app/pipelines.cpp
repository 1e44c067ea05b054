#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "app/imagery.hpp"
#include "app/pipeline.hpp"
#include "app/traffic.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace vedette::app {

std::span<const PipelineKind> pipelines() {
  static const std::array kAll{traffic_pipeline(), imagery_pipeline()};
  return kAll;
}

Result<void> add_known_jobs(work::Worker& worker) {
  for (const PipelineKind& pipeline : pipelines()) {
    if (pipeline.jobs == nullptr) continue;
    for (work::JobKind& kind : pipeline.jobs()) VEDETTE_CHECK(worker.add(std::move(kind)));
  }
  return {};
}

std::vector<db::Migration> all_migrations() {
  auto all = work::migrations();
  for (const PipelineKind& kind : pipelines()) {
    std::ranges::move(kind.migrations(), std::back_inserter(all));
  }
  return all;
}

}  // namespace vedette::app

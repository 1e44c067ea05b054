// The imagery pipeline's entry for app/pipelines.cpp: drone images of the fields.
#pragma once

#include <vector>

#include "app/pipeline.hpp"
#include "imagery/indices.hpp"

namespace vedette::app {

PipelineKind imagery_pipeline();

/// The indices of the setting imagery.indices. kUsage says which of them is wrong, and how.
Result<std::vector<imagery::IndexDefinition>> own_indices(const config::Settings& settings);

}  // namespace vedette::app

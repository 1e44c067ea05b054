// The imagery pipeline's entry for app/pipelines.cpp: drone images of the fields.
#pragma once

#include "app/pipeline.hpp"

namespace vedette::app {

PipelineKind imagery_pipeline();

}  // namespace vedette::app

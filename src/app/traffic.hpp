// The traffic pipeline's entry for app/pipelines.cpp, and what its files in this folder share.
#pragma once

#include "app/doctor_checks.hpp"
#include "app/pipeline.hpp"
#include "traffic/detectors.hpp"

namespace vedette::app {

PipelineKind traffic_pipeline();

traffic::DetectorSettings detector_settings(const config::Settings& settings);

/// OpenVINO and its devices, the model, how many pictures a second it manages here, the samples.
Findings check_traffic(const config::Loaded& loaded);

/// Cameras on the sample clips, through the same functions as any camera, in a database that never
/// had a camera; does nothing to any other. Logs what it added, or that no clip was found.
Result<void> add_demo_cameras(const config::Settings& settings, db::Database& database);

}  // namespace vedette::app

// Where samples and models lie on this machine.
#pragma once

#include <filesystem>
#include <vector>

#include "config/settings.hpp"

namespace vedette::app {

/// The setting samples.dir where it is set, ../shared/samples and the user's cache, to which ./run
/// fetches some.
std::vector<std::filesystem::path> sample_folders(const config::Settings& settings);

/// The setting watch.models_dir, then the folder "models" of each folder of samples.
std::vector<std::filesystem::path> model_folders(const config::Settings& settings);

}  // namespace vedette::app

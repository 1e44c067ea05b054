// The tables of the fields: missions, images, their positions, analyses and zones under the names
// and columns of the original crop platform, so that its monitoring SQL runs unchanged (schema
// public on PostgreSQL, where that SQL looks); beside them what we add. Called at start-up.
#pragma once

#include <string_view>
#include <vector>

#include "db/migration.hpp"

namespace vedette::imagery {

/// The kind of job that analyses an image. Its key is the image's id: the database keeps the
/// image's processing_status in step with its job (see tables.cpp).
inline constexpr std::string_view kAnalyzeImage = "analyze-image";

std::vector<db::Migration> migrations();

/// The steps after the first: later_tables.cpp. Private to this module.
std::vector<db::Migration> later_migrations();

}  // namespace vedette::imagery

// The pictures that `serve --demo` shows on the page Fields: samples of this machine, taken in as
// uploads are. Called once at the start, by the thread that prepares the database.
#pragma once

#include "app/pipeline.hpp"

namespace vedette::app {

/// Adds the sample flights whose files are here and that were never in this database, unless it has
/// images of the user's own. Objects that cannot be stored are said in the log, and tried again at
/// the next start.
Result<void> add_demo_images(const Core& core);

}  // namespace vedette::app

// `vedette queue`: the jobs of a deployment listed, shown, retried, cancelled, paused and waited
// for, straight from its database: no server needs to run.
#pragma once

#include "app/command.hpp"

namespace vedette::app {

void add_queue_command(CommandLine& line);

}  // namespace vedette::app

// `vedette serve`: everything in one process, or the roles it was asked for.
#pragma once

#include "app/command.hpp"

namespace vedette::app {

void add_serve_command(CommandLine& line);

}  // namespace vedette::app

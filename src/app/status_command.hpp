// `vedette status`: asks a running server how it is, and shows it for a person or as JSON.
#pragma once

#include "app/command.hpp"

namespace vedette::app {

void add_status_command(CommandLine& line);

}  // namespace vedette::app

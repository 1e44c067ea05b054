// `vedette db migrate` brings the database to this program's tables; `vedette db check` examines
// it.
#pragma once

#include "app/command.hpp"

namespace vedette::app {

void add_db_command(CommandLine& line);

}  // namespace vedette::app

// `vedette doctor`: examines settings, machine, database and detector, and says what is missing,
// slow or unreachable, why, and what to do.
#pragma once

#include "app/command.hpp"

namespace vedette::app {

void add_doctor_command(CommandLine& line);

}  // namespace vedette::app

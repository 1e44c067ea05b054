// `vedette config`: the settings in force and where each came from; `config docs` writes the
// documentation page, `config hash-password` a value for auth.password_hash.
#pragma once

#include "app/command.hpp"

namespace vedette::app {

void add_config_command(CommandLine& line);

}  // namespace vedette::app

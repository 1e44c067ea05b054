// `vedette import fields SOURCE`: the original crop platform's database and folders, or a folder of
// pictures, taken over into this deployment, each image once however often it is begun again.
#pragma once

#include "app/command.hpp"

namespace vedette::app {

void add_import_command(CommandLine& line);

}  // namespace vedette::app

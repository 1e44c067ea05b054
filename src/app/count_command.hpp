// `vedette count FILE...`: has a running server count recorded files on its queue, and shows how
// far it is and what came of it.
#pragma once

namespace vedette::app {

class CommandLine;

void add_count_command(CommandLine& line);

}  // namespace vedette::app

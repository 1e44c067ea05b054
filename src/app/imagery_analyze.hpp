// `vedette analyze FILE...`: pictures of fields to numbers and, with --output, to maps, without a
// server or a database. Prints a table for people or, with --json, one object a picture that other
// programs parse. Main thread.
#pragma once

namespace vedette::app {

class CommandLine;

void add_analyze_command(CommandLine& line);

}  // namespace vedette::app

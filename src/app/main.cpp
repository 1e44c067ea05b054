// The program `vedette`: collects the subcommands and runs the one that was asked for. What escapes
// them ends here, as one sentence and exit code 1.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/config_command.hpp"
#include "app/db_command.hpp"
#include "app/doctor_command.hpp"
#include "app/serve_command.hpp"
#include "app/status_command.hpp"
#include "app/watch_command.hpp"

int main(int count, char** words) {
  using namespace vedette::app;
  try {
    CommandLine line;
    add_serve_command(line);
    add_watch_command(line);
    add_status_command(line);
    add_doctor_command(line);
    add_config_command(line);
    add_db_command(line);
    return line.run(std::vector<std::string>(words + 1, words + count));
  } catch (const std::exception& error) {
    fmt::print(stderr, "vedette: ended by a defect of its own: {}\n", error.what());
    return kFailed;
  }
}

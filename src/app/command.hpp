// How a subcommand joins the program. Each command has a file NAME_command.{hpp,cpp} with
// `void add_NAME_command(CommandLine&)`, which declares its flags and hands over its body; main.cpp
// calls them all, parses, reads the settings and runs the body that was chosen. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/flags.hpp"
#include "base/error.hpp"
#include "config/load.hpp"

namespace vedette::app {

/// Exit codes of every command (the API of scripts).
enum ExitCode : int { kDone = 0, kFailed = 1, kBadUse = 2, kPartlyDone = 3 };

/// What a body is given: the settings in force, and whether to print JSON.
struct Invocation {
  const config::Loaded& loaded;
  bool json = false;

  const config::Settings& settings() const { return loaded.settings; }
};

/// Does the work and returns the exit code. An error is printed as "vedette: ..." on standard error
/// (with --json also as {"error": {"code", "message"}} on standard output) and becomes the exit
/// code of its ErrorCode.
using CommandBody = std::function<Result<int>(const Invocation&)>;

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// A subcommand of the program, or of `parent`. Add its flags to what is returned. --config,
  /// --json and all settings are understood everywhere already. Without a body it shows its help.
  Flags add(const std::string& name, const std::string& help, CommandBody body,
            std::optional<Flags> parent = std::nullopt);

  /// `arguments` without the program's name. Parses, reads the settings, runs. Prints what went
  /// wrong and returns the exit code.
  int run(std::vector<std::string> arguments);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace vedette::app

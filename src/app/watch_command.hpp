// `vedette watch SOURCE`: one camera to the terminal, without a server or a database. Prints what
// it counted as text or, with --json, as the one object that docs and other programs rely on.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace vedette::app {

class CommandLine;
class Flags;

/// What was written behind `vedette watch`, unread.
struct WatchArguments {
  std::vector<std::string> sources;  // several: recordings, watched as one record
  std::vector<std::string> lines;
  std::vector<std::string> zones;
  std::string model;
  std::string types = "car,truck,bus,motorcycle";
  std::string limit;
  std::string precision;
  int threads = -1;
  bool is_ungated = false;
  bool is_looped = false;
  bool has_events = false;
};

/// Declares the flags, to be read into `arguments`, which must outlive the parsing.
void declare_watch_arguments(Flags& flags, WatchArguments& arguments);

/// Watches until the source ends, the limit is reached or the process is asked to stop (SIGINT,
/// SIGTERM). Returns kDone, or kPartlyDone when a file was not watched to its end or the source
/// broke off after some frames; kUsage for arguments that cannot be. Blocks; to be called from the
/// main thread, before others are started.
Result<int> run_watch(const WatchArguments& arguments, config::Settings all, bool is_json);

void add_watch_command(CommandLine& line);

}  // namespace vedette::app

// Which Vedette this is, and which versions of its parts it runs with. For --version, doctor and
// the status of the server. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vedette::app {

/// "0.1.0"
std::string_view version();

struct PartVersion {
  std::string name;
  /// Empty: not in this build.
  std::string version;
};

/// As loaded now: the core's (SQLite, libpq, Boost, OpenSSL), then each pipeline's.
std::vector<PartVersion> part_versions();

/// "vedette 0.1.0\nSQLite 3.54.1\n...", without a final line break.
std::string version_text();

}  // namespace vedette::app

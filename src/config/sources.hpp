// The texts settings come from: vedette.toml, .env, and the names of the original programs, each
// turned into (setting, text, where). Used by load.cpp only. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/load.hpp"
#include "config/table.hpp"

namespace vedette::config {

/// A value that somebody gave, not yet checked.
struct Given {
  const Declaration* declaration = nullptr;
  std::string text;
  Origin origin = Origin::kDefault;
  std::string where;
};

/// Every setting in the file. Errors name file, line and remedy. Never throws; refuses what is
/// larger than kMaxFileBytes or nested beyond reason.
Result<std::vector<Given>> read_toml(const SourceText& source);

struct DotEnvLine {
  std::string name;
  std::string value;
  int line = 0;
};

/// NAME=VALUE lines, with or without `export`, quotes and comments. Lines that are none go to
/// `remarks`: the file may belong to another program.
Result<std::vector<DotEnvLine>> read_dotenv(const SourceText& source,
                                            std::vector<std::string>& remarks);

/// One variable of the environment or of .env.
struct Variable {
  std::string name;
  std::string value;
  /// "environment", or ".env:3".
  std::string place;
  Origin origin = Origin::kEnvironment;
};

/// Whether somebody gave this setting by its own name.
using IsSet = std::function<bool(std::string_view)>;

/// What the names of the original programs give, where the settings of our own do not: database.url
/// from DB_*, blob.* from AWS_* and S3_BUCKET_NAME; and the list of those known and not used.
struct Legacy {
  std::vector<Given> given;
  std::vector<Unused> unused;
  std::vector<std::string> remarks;
};
Legacy read_legacy(const std::vector<Variable>& variables, const IsSet& is_set);

/// `text` for a message: short, without control characters, in quotes.
std::string shown(std::string_view text);

}  // namespace vedette::config

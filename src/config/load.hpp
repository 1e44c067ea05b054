// From flags, environment, .env and vedette.toml to Settings, with where each value came from.
// Precedence: flags > environment > .env > vedette.toml > defaults. parse_settings() is pure (the
// fuzz target and the tests call it); load_settings() reads the files and the environment. Called
// by main() at the start, one thread. A bad setting is ErrorCode::kUsage with file and line.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace vedette::config {

/// The file is refused beyond this size.
inline constexpr std::size_t kMaxFileBytes = 1 << 20;

using TextMap = std::map<std::string, std::string, std::less<>>;

/// A file's text and its name for messages; relative paths inside vedette.toml start at the name's
/// folder.
struct SourceText {
  std::string name;
  std::string text;
};

struct Inputs {
  std::optional<SourceText> toml;
  std::optional<SourceText> dotenv;
  /// VEDETTE_*, the originals' names, HOME and XDG_DATA_HOME; the rest is not looked at.
  TextMap environment;
  /// Absolute; relative paths that do not come from vedette.toml start here.
  std::filesystem::path working_dir = "/";
  /// By setting name: {"http.listen", "127.0.0.1:9000"}.
  TextMap flags;
};

/// Lowest precedence first.
enum class Origin { kDefault, kFile, kDotEnv, kEnvironment, kFlag };

/// One row of `vedette config`.
struct Effective {
  std::string name;
  /// As it would be written in vedette.toml without quotes; a secret reads "(set)" or "".
  std::string value;
  Origin origin = Origin::kDefault;
  /// For a person: "default", "vedette.toml:4", ".env:2 VEDETTE_HTTP_LISTEN", "environment
  /// VEDETTE_HTTP_LISTEN", "flag --listen", "environment DB_HOST, DB_NAME".
  std::string where;
  std::string help;
  bool is_secret = false;
};

/// Something accepted that has no effect: a name of another program whose feature is not here yet.
struct Unused {
  std::string name;
  std::string where;
  std::string why;
};

struct Loaded {
  Settings settings;
  /// Every setting, in the order of the table.
  std::vector<Effective> effective;
  std::vector<Unused> unused;
  /// The file that was read, if any; set by load_settings().
  std::optional<std::filesystem::path> file;
  /// Remarks for the log: files ignored, ambiguous names.
  std::vector<std::string> remarks;

  /// Whether somebody gave this setting, be it with the default's value.
  bool is_set(std::string_view name) const;
};

/// Pure. The first thing wrong is the error.
Result<Loaded> parse_settings(const Inputs& inputs);

struct LoadOptions {
  /// --config; must exist when given.
  std::optional<std::filesystem::path> file;
  TextMap flags;
};

/// Reads the environment, ./.env, and the settings file: --config, else VEDETTE_CONFIG, else
/// ./vedette.toml, else <data>/vedette.toml, the first that exists. Blocks for two small files.
Result<Loaded> load_settings(const LoadOptions& options);

}  // namespace vedette::config

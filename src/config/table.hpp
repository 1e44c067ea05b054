// The table of all settings: what is declared here once gives flags, environment names,
// vedette.toml, `vedette config`, and docs/operations/settings.md. To add one: a member in
// settings.hpp and a row in the section file of its domain, a table_*.cpp.
// Constant; any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "config/value.hpp"

namespace vedette::config {

struct Declaration {
  /// "http.listen"
  std::string_view name;
  Shape shape;
  /// As in vedette.toml. Empty for those whose default depends on others; `default_note` says how.
  std::string_view default_text;
  /// One line, ends without a full stop.
  std::string_view help;
  /// Puts the value where it belongs. The value has this setting's shape.
  void (*apply)(Settings& settings, const Value& value) = nullptr;
  std::string_view default_note = {};
  /// Where nothing is set: this file or folder in the data folder (a database: as SQLite's).
  std::string_view default_in_data = {};
  bool is_secret = false;
  /// Shown by --help, beside the flag made from the name (or the same): "listen".
  std::string_view short_flag = {};
  /// A shorter environment name beside VEDETTE_HTTP_LISTEN: "VEDETTE_LISTEN".
  std::string_view short_environment = {};
};

/// In the order of the documentation.
std::span<const Declaration> declarations();

/// nullptr when there is none.
const Declaration* find_declaration(std::string_view name);

/// "VEDETTE_HTTP_LISTEN"
std::string environment_name(const Declaration& declaration);

/// "http-listen", without the dashes in front.
std::string flag_name(const Declaration& declaration);

/// The word most like `word`, when it is like it at all: a few letters wrong.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> words);

}  // namespace vedette::config

// What a subcommand takes beside the settings: arguments and flags, read into variables of the
// command's own. Hides the library that parses them. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace CLI {
class App;
}

namespace vedette::app {

/// Borrowed from the CommandLine that gave it. The variables must outlive the parsing: a shared_ptr
/// to a struct of them, held by the command's body. Names are given without dashes ("limit"); a
/// help text ends with its default or an example in brackets.
class Flags {
 public:
  explicit Flags(CLI::App& command) : command_(command) {}

  /// A word that must be given, by its place.
  Flags& argument(const std::string& name, std::string& into, const std::string& help);
  /// Any number of words, none among them.
  Flags& arguments(const std::string& name, std::vector<std::string>& into,
                   const std::string& help);
  /// --name VALUE, where `value` says what is wanted: "TIME".
  Flags& text(const std::string& name, const std::string& value, std::string& into,
              const std::string& help);
  /// The same, any number of times.
  Flags& texts(const std::string& name, const std::string& value, std::vector<std::string>& into,
               const std::string& help);
  /// One of `words`, any number of times.
  Flags& words(const std::string& name, const std::vector<std::string>& words,
               std::vector<std::string>& into, const std::string& help);
  /// One of `words`.
  Flags& word(const std::string& name, const std::vector<std::string>& words, std::string& into,
              const std::string& help);
  /// A whole number from `low` to `high`.
  Flags& number(const std::string& name, int low, int high, int& into, const std::string& help);
  /// --name alone.
  Flags& flag(const std::string& name, bool& into, const std::string& help);
  /// Its help lists the most used settings too.
  Flags& show_settings();

 private:
  friend class CommandLine;
  CLI::App& command_;
};

/// The time that a text flag holds, such as 30s or 10m; nullopt when it was not given. kUsage with
/// what would be right.
Result<std::optional<Micros>> time_of_flag(const std::string& name, const std::string& text);

}  // namespace vedette::app

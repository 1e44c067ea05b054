// The text behind --help, for people who see the program for the first time: wrapped to the width
// of a page, usage first, the most used settings with every command. Pure.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace vedette::app {

/// The group of commands whose help lists the most used settings too (CLI11 keeps it for us).
inline constexpr std::string_view kShowsSettings = "Commands with settings";

/// Help for `command`, which is `program` itself or one of its subcommands. Flags without a group
/// are left out; what every command takes is listed once, with the program.
std::string help_text(const CLI::App& program, const CLI::App& command);

/// `vedette db migrate`: the words that call a command.
std::string full_name(const CLI::App& command);

}  // namespace vedette::app

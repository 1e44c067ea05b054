// The text behind --help, for people who see the program for the first time: wrapped to the width
// of a page, usage first, the most used settings with every command. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace vedette::app {

/// Help for `command`, which is `program` itself or one of its subcommands. Flags without a group
/// are left out.
std::string help_text(const CLI::App& program, const CLI::App& command);

/// `vedette db migrate`: the words that call a command.
std::string full_name(const CLI::App& command);

}  // namespace vedette::app

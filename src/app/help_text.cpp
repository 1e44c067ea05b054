#include "app/help_text.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace vedette::app {
namespace {

constexpr std::size_t kWidth = 96;
constexpr std::size_t kColumn = 26;

// Words of `text` in lines that begin at `indent`; the first line is already that far in.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string lines;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    const auto word = text.substr(0, end);
    if (column > indent && column + 1 + word.size() > kWidth) {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
    if (end < text.size() && text[end] == '\n') {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines + '\n';
}

std::string entry(const std::string& left, const std::string& right) {
  auto line = "  " + left;
  // A long name takes a line of its own.
  if (line.size() + 2 > kColumn) {
    line += '\n' + std::string(kColumn, ' ');
  } else {
    line.append(kColumn - line.size(), ' ');
  }
  return line + wrapped(right, kColumn);
}

std::string name_of(const CLI::Option& option) {
  if (option.get_positional()) {
    auto name = option.get_name(true);
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return name;
  }
  std::string name;
  for (const auto& one : option.get_snames()) name += (name.empty() ? "-" : ", -") + one;
  for (const auto& one : option.get_lnames()) name += (name.empty() ? "--" : ", --") + one;
  // A flag without a value has no type.
  if (option.get_items_expected_max() == 0) return name;
  const auto type = option.get_type_name();
  // "NUMBER:INT in [1 - 256]": what a check adds is in the description already.
  return name + ' ' + type.substr(0, type.find(':'));
}

std::string options_of(const CLI::App& app, const std::string& title, const std::string& group,
                       bool positionals) {
  std::string text;
  for (const auto* option : app.get_options()) {
    if (option->get_positional() != positionals || option->get_group() != group) continue;
    // Every command has its own --help; once is enough.
    if (app.get_parent() != nullptr && option == app.get_help_ptr()) continue;
    text += entry(name_of(*option), option->get_description());
  }
  return text.empty() ? text : fmt::format("\n{}:\n{}", title, text);
}

std::string usage(const CLI::App& command) {
  auto text = full_name(command);
  for (const auto* option : command.get_options()) {
    if (option->get_positional()) {
      text +=
          option->get_required() ? ' ' + name_of(*option) : fmt::format(" [{}]", name_of(*option));
    }
  }
  if (!command.get_subcommands(nullptr).empty()) text += " COMMAND";
  return text + " [FLAGS]";
}

}  // namespace

std::string full_name(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + ' ' + command.get_name();
}

std::string help_text(const CLI::App& program, const CLI::App& command) {
  auto text = wrapped(command.get_description(), 0);
  text += fmt::format("\nUsage: {}\n", usage(command));
  std::string commands;
  for (const auto* one : command.get_subcommands(nullptr)) {
    commands += entry(one->get_name(), one->get_description());
  }
  if (!commands.empty()) text += "\nCommands:\n" + commands;
  text += options_of(command, "Arguments", "Options", true);
  text += options_of(command, "Flags", "Options", false);
  if (&command == &program || command.get_group() == kShowsSettings) {
    text += options_of(program, "Settings, as flags of every command", "Settings", false);
  }
  if (&command == &program) return text + '\n' + wrapped(program.get_footer(), 0);
  return text + '\n' +
         wrapped(
             "Every command takes --config FILE, --json and all settings (--data DIR, --database "
             "URL, ...) as flags: see `vedette --help`.",
             0);
}

}  // namespace vedette::app

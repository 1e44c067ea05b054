#include "app/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <map>

#include "app/help_text.hpp"
#include "app/versions.hpp"
#include "base/log.hpp"
#include "config/table.hpp"

namespace vedette::app {
namespace {

constexpr const char* kAbout =
    "Vedette keeps watch over roads: it finds, follows and counts road users in camera pictures, "
    "remembers what it saw, and shows it in the browser.";

constexpr const char* kFooter =
    "Start with `vedette serve`, then open http://127.0.0.1:8080. When something does not work, "
    "`vedette doctor` says why.\n"
    "Every setting that `vedette config` lists is also a flag of every command: http.max_body is "
    "--http-max-body.\n"
    "Exit codes: 0 done, 1 failed, 2 bad use, 3 partly done.";

const char* type_name(config::Kind kind) {
  switch (kind) {
    case config::Kind::kPath:
      return "PATH";
    case config::Kind::kDatabase:
      return "URL";
    case config::Kind::kAddress:
      return "ADDRESS:PORT";
    case config::Kind::kInteger:
    case config::Kind::kNumber:
      return "NUMBER";
    case config::Kind::kDuration:
      return "TIME";
    case config::Kind::kSize:
      return "SIZE";
    case config::Kind::kList:
      return "A,B,...";
    case config::Kind::kBoolean:
    case config::Kind::kChoice:
      return "WORD";
    case config::Kind::kText:
      break;
  }
  return "TEXT";
}

std::string help_of(const config::Declaration& declaration) {
  const auto standard =
      declaration.default_note.empty() ? declaration.default_text : declaration.default_note;
  return fmt::format("{} (default: {})", declaration.help, standard);
}

void collect_words(const CLI::App& app, std::vector<std::string>& flags,
                   std::vector<std::string>& commands) {
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
  }
  for (const auto* command : app.get_subcommands(nullptr)) commands.push_back(command->get_name());
}

}  // namespace

struct CommandLine::Parser {
  Parser();
  void declare_settings();
  const CLI::App* chosen() const;
  int parse_and_run(std::vector<std::string> arguments);
  int run_chosen();
  int complain(const CLI::ParseError& error);
  std::string explain_extra(const std::string& word, const CLI::App& command) const;
  int report(const Error& error) const;

  CLI::App app{kAbout, "vedette"};
  std::string file;
  config::LoadOptions load;
  bool is_json = false;
  std::map<const CLI::App*, CommandBody> bodies;
};

CommandLine::Parser::Parser() {
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "Show this help; after a command, the help of that command");
  app.set_version_flag(
      "--version", [] { return version_text(); }, "Show the version of Vedette and of its parts");
  app.add_option("--config", file,
                 "Settings file (./vedette.toml, or vedette.toml in the data "
                 "folder)")
      ->type_name("FILE");
  app.add_flag("--json", is_json, "Print JSON, for programs");
  declare_settings();
}

void CommandLine::Parser::declare_settings() {
  for (const auto& declaration : config::declarations()) {
    const auto name = std::string(declaration.name);
    const auto keep = [this, name](const std::string& text) { load.flags[name] = text; };
    const auto declare = [&](const std::string& flag, const char* group) {
      app.add_option_function<std::string>("--" + flag, keep, help_of(declaration))
          ->type_name(type_name(declaration.shape.kind))
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
          ->group(group);
    };
    const auto full = config::flag_name(declaration);
    if (!declaration.short_flag.empty()) declare(std::string(declaration.short_flag), "Settings");
    if (full != declaration.short_flag) declare(full, "");  // not in the help
  }
}

const CLI::App* CommandLine::Parser::chosen() const {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

int CommandLine::Parser::parse_and_run(std::vector<std::string> arguments) {
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    // The help of the command named, not of the program.
    std::fputs(help_text(app, *chosen()).c_str(), stdout);
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    std::puts(version.what());
    return kDone;
  } catch (const CLI::ParseError& error) {
    return complain(error);
  }
  return run_chosen();
}

int CommandLine::Parser::run_chosen() {
  const auto* command = chosen();
  const auto body = bodies.find(command);
  if (body == bodies.end() || !body->second) {
    std::fputs(help_text(app, *command).c_str(), stderr);
    return kBadUse;
  }
  if (!file.empty()) load.file = file;
  const auto loaded = config::load_settings(load);
  if (!loaded) return report(loaded.error());
  log::set_level(loaded->settings.log.level);
  for (const auto& remark : loaded->remarks) log::warn("config", "{}", remark);

  const auto code = body->second({*loaded, is_json});
  return code ? *code : report(code.error());
}

std::string CommandLine::Parser::explain_extra(const std::string& word,
                                               const CLI::App& command) const {
  std::vector<std::string> flags;
  std::vector<std::string> commands;
  collect_words(command, flags, commands);
  if (&command != &app) {
    std::vector<std::string> others;
    collect_words(app, flags, others);
  }
  const bool is_flag = word.starts_with('-');
  if (!is_flag && commands.empty()) return fmt::format("\"{}\" is one word too many", word);
  const auto flag = word.substr(0, word.find('='));
  const auto like = is_flag ? config::nearest(flag, flags) : config::nearest(word, commands);
  return fmt::format("there is no {} {}{}", is_flag ? "flag" : "command", is_flag ? flag : word,
                     like ? fmt::format("; did you mean {}?", *like) : "");
}

int CommandLine::Parser::complain(const CLI::ParseError& error) {
  const auto* command = chosen();
  const auto extra = app.remaining(true);
  // A word nobody takes explains more than what follows from it.
  std::string message = extra.empty() ? error.what() : explain_extra(extra.front(), *command);
  if (!message.empty() && message.back() == '.') message.pop_back();
  return report({ErrorCode::kUsage,
                 fmt::format("{} (see `{} --help`)", message, full_name(*command)),
                 false,
                 {}});
}

int CommandLine::Parser::report(const Error& error) const {
  if (is_json) {
    const boost::json::object body{
        {"error", {{"code", std::string(name(error.code))}, {"message", error.message}}}};
    std::puts(boost::json::serialize(body).c_str());
  }
  fmt::print(stderr, "{}vedette: {}\n", log::line_start(log::Level::kError), error.message);
  if (!error.detail.empty()) log::debug("app", "{}", error.detail);
  return exit_code(error.code);
}

CommandLine::CommandLine() : parser_(std::make_unique<Parser>()) {}
CommandLine::~CommandLine() = default;

Flags CommandLine::add(const std::string& name, const std::string& help, CommandBody body,
                       std::optional<Flags> parent) {
  CLI::App& above = parent ? parent->command_ : parser_->app;
  CLI::App* command = above.add_subcommand(name, help);
  command->fallthrough();
  parser_->bodies[command] = std::move(body);
  return Flags(*command);
}

int CommandLine::run(std::vector<std::string> arguments) {
  return parser_->parse_and_run(std::move(arguments));
}

}  // namespace vedette::app

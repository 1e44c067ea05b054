#include "app/command.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>

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

CommandLine::CommandLine() : app_(kAbout, "vedette") {
  app_.footer(kFooter);
  app_.set_help_flag("-h,--help", "Show this help; after a command, the help of that command");
  app_.set_version_flag(
      "--version", [] { return version_text(); }, "Show the version of Vedette and of its parts");
  app_.add_option("--config", file_,
                  "Settings file (./vedette.toml, or vedette.toml in the data "
                  "folder)")
      ->type_name("FILE");
  app_.add_flag("--json", json_, "Print JSON, for programs");
  declare_settings();
}

void CommandLine::declare_settings() {
  for (const auto& declaration : config::declarations()) {
    const auto name = std::string(declaration.name);
    const auto keep = [this, name](const std::string& text) { load_.flags[name] = text; };
    const auto declare = [&](const std::string& flag, const char* group) {
      app_.add_option_function<std::string>("--" + flag, keep, help_of(declaration))
          ->type_name(type_name(declaration.shape.kind))
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
          ->group(group);
    };
    const auto full = config::flag_name(declaration);
    if (!declaration.short_flag.empty()) declare(std::string(declaration.short_flag), "Settings");
    if (full != declaration.short_flag) declare(full, "");  // not in the help
  }
}

CLI::App* CommandLine::add(const std::string& name, const std::string& help, CommandBody body,
                           CLI::App* parent) {
  auto* command = (parent == nullptr ? app_ : *parent).add_subcommand(name, help);
  command->fallthrough();
  bodies_[command] = std::move(body);
  return command;
}

const CLI::App* CommandLine::chosen() const {
  const CLI::App* command = &app_;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

int CommandLine::run(std::vector<std::string> arguments) {
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    // The help of the command named, not of the program.
    std::fputs(help_text(app_, *chosen()).c_str(), stdout);
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    std::puts(version.what());
    return kDone;
  } catch (const CLI::ParseError& error) {
    return complain(error);
  }
  return run_chosen();
}

int CommandLine::run_chosen() {
  const auto* command = chosen();
  const auto body = bodies_.find(command);
  if (body == bodies_.end() || !body->second) {
    std::fputs(help_text(app_, *command).c_str(), stderr);
    return kBadUse;
  }
  if (!file_.empty()) load_.file = file_;
  const auto loaded = config::load_settings(load_);
  if (!loaded) return report(loaded.error());
  log::set_level(loaded->settings.log.level);
  for (const auto& remark : loaded->remarks) log::warn("config", "{}", remark);

  const auto code = body->second({*loaded, json_});
  return code ? *code : report(code.error());
}

std::string CommandLine::explain_extra(const std::string& word, const CLI::App& command) const {
  std::vector<std::string> flags;
  std::vector<std::string> commands;
  collect_words(command, flags, commands);
  if (&command != &app_) {
    std::vector<std::string> others;
    collect_words(app_, flags, others);
  }
  const bool is_flag = word.starts_with('-');
  if (!is_flag && commands.empty()) return fmt::format("\"{}\" is one word too many", word);
  const auto flag = word.substr(0, word.find('='));
  const auto like = is_flag ? config::nearest(flag, flags) : config::nearest(word, commands);
  return fmt::format("there is no {} {}{}", is_flag ? "flag" : "command", is_flag ? flag : word,
                     like ? fmt::format("; did you mean {}?", *like) : "");
}

int CommandLine::complain(const CLI::ParseError& error) {
  const auto* command = chosen();
  const auto extra = app_.remaining(true);
  // A word nobody takes explains more than what follows from it.
  std::string message = extra.empty() ? error.what() : explain_extra(extra.front(), *command);
  if (!message.empty() && message.back() == '.') message.pop_back();
  return report({ErrorCode::kUsage,
                 fmt::format("{} (see `{} --help`)", message, full_name(*command)),
                 false,
                 {}});
}

int CommandLine::report(const Error& error) const {
  if (json_) {
    const boost::json::object body{
        {"error", {{"code", std::string(name(error.code))}, {"message", error.message}}}};
    std::puts(boost::json::serialize(body).c_str());
  }
  fmt::print(stderr, "vedette: {}\n", error.message);
  if (!error.detail.empty()) log::debug("app", "{}", error.detail);
  return exit_code(error.code);
}

}  // namespace vedette::app

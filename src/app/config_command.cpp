#include "app/config_command.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <iostream>
#include <optional>

#include "app/text_table.hpp"
#include "config/page.hpp"
#include "http/auth.hpp"

namespace vedette::app {
namespace {

std::string_view word(config::Origin origin) {
  switch (origin) {
    case config::Origin::kDefault:
      return "default";
    case config::Origin::kFile:
      return "file";
    case config::Origin::kDotEnv:
      return "dotenv";
    case config::Origin::kEnvironment:
      return "environment";
    case config::Origin::kFlag:
      return "flag";
  }
  return "";
}

void print_json(const config::Loaded& loaded) {
  boost::json::array settings;
  for (const auto& row : loaded.effective) {
    settings.push_back({{"name", row.name},
                        {"value", row.value},
                        {"origin", std::string(word(row.origin))},
                        {"where", row.where},
                        {"secret", row.is_secret},
                        {"help", row.help}});
  }
  boost::json::array unused;
  for (const auto& row : loaded.unused) {
    unused.push_back({{"name", row.name}, {"where", row.where}, {"why", row.why}});
  }
  boost::json::object all{{"file", nullptr}, {"settings", settings}, {"unused", unused}};
  if (loaded.file) all["file"] = loaded.file->string();
  fmt::print("{}\n", boost::json::serialize(all));
}

void print_text(const config::Loaded& loaded) {
  std::vector<TextRow> rows;
  for (const auto& row : loaded.effective) {
    rows.push_back({row.name, row.value.empty() ? "-" : row.value, row.where});
  }
  fmt::print("{}\nSettings file: {}\n", text_table({"SETTING", "VALUE", "FROM"}, rows),
             loaded.file ? loaded.file->string() : "none");
  if (loaded.unused.empty()) return;
  fmt::print("\nKnown, not used by this version:\n");
  for (const auto& row : loaded.unused) fmt::print("  {} ({}): {}\n", row.name, row.where, row.why);
}

// Keeps what is typed off the screen while it lives.
class HiddenInput {
 public:
  HiddenInput() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    is_hidden_ = true;
    auto hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~HiddenInput() {
    if (is_hidden_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  termios before_{};
  bool is_hidden_ = false;
};

Result<int> hash_password(const Invocation& invocation) {
  constexpr std::size_t kShortest = 8;
  constexpr std::size_t kLongest = 1024;
  std::string password;
  {
    const bool at_terminal = isatty(STDIN_FILENO) == 1;
    std::optional<HiddenInput> hidden;
    if (at_terminal) {
      fmt::print(stderr, "Password (not shown): ");
      hidden.emplace();
    }
    std::getline(std::cin, password);
    if (at_terminal) fmt::print(stderr, "\n");
  }
  if (password.ends_with('\r')) password.pop_back();
  if (password.size() < kShortest || password.size() > kLongest) {
    return fail(
        ErrorCode::kUsage,
        fmt::format("a password of {} to {} bytes is expected as one line on standard input",
                    kShortest, kLongest));
  }
  const auto hash = http::hash_password(password);
  if (invocation.json) {
    fmt::print("{}\n", boost::json::serialize(boost::json::object{{"password_hash", hash}}));
  } else {
    fmt::print("{}\n", hash);
    fmt::print(stderr,
               "Set it as auth.password_hash in vedette.toml, or as "
               "VEDETTE_AUTH_PASSWORD_HASH (in single quotes: it holds $).\n");
  }
  return kDone;
}

}  // namespace

void add_config_command(CommandLine& line) {
  const Flags command = line.add("config", "Show the settings in force and where each came from",
                                 [](const Invocation& invocation) -> Result<int> {
                                   if (invocation.json) {
                                     print_json(invocation.loaded);
                                   } else {
                                     print_text(invocation.loaded);
                                   }
                                   return kDone;
                                 });
  line.add(
      "docs", "Print the documentation page of all settings (Markdown)",
      [](const Invocation&) -> Result<int> {
        fmt::print("{}", config::settings_page());
        return kDone;
      },
      command);
  line.add("hash-password", "Read a password and print a value for auth.password_hash",
           hash_password, command);
}

}  // namespace vedette::app

// A second process for the tests of db/: does one thing to a store, then ends. Prints what it did,
// one line a step; waits for a line of input where a test must come first.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "db/database.hpp"
#include "db/migration.hpp"

namespace {

using namespace vedette;
using namespace vedette::db;

void say(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

int report(const Error& error) {
  say(fmt::format("error {} {}", name(error.code), error.message));
  return 1;
}

void await_line() {
  std::string ignored;
  std::getline(std::cin, ignored);
}

// The first step creates a row counter: a second run of it would be seen.
std::vector<Migration> steps() {
  const std::string text =
      "CREATE TABLE ran (step INTEGER); INSERT INTO ran VALUES (1); INSERT INTO ran VALUES (2)";
  std::vector<Migration> steps{{"ran", 1, "first", text, text}};
  for (int version = 2; version <= 20; ++version) {
    const std::string more = fmt::format("INSERT INTO ran VALUES ({})", version + 1);
    steps.push_back({"ran", version, fmt::format("step {}", version), more, more});
  }
  return steps;
}

int run_migrate(Database& database) {
  say("ready");
  await_line();
  const auto report_result = migrate(database, steps());
  if (!report_result) return report(report_result.error());
  say(fmt::format("applied {}", report_result->applied.size()));
  return 0;
}

int run_keys(Database& database, int from, int to) {
  say("ready");
  await_line();
  for (int key = from; key < to; ++key) {
    const auto written = database.write([&](Session& session) {
      return session.execute("INSERT INTO keys VALUES ($1) ON CONFLICT DO NOTHING", {key});
    });
    if (!written) return report(written.error());
  }
  say("done");
  return 0;
}

int run_write(Database& database, const std::string& sql, const std::string& notice) {
  const auto written = database.write([&](Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute(sql));
    if (!notice.empty()) session.notify("peer", notice);
    return {};
  });
  if (!written) return report(written.error());
  say("done");
  await_line();
  return 0;
}

// Stands still inside a transaction that has written.
int run_hold(Database& database, const std::string& sql) {
  const auto written = database.write([&](Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute(sql));
    say("holding");
    await_line();
    return {};
  });
  if (!written) return report(written.error());
  say("committed");
  return 0;
}

int run(const std::vector<std::string>& words) {
  auto database = Database::open({.url = words.at(1)});
  if (!database) return report(database.error());
  if (words[0] == "open") {
    say("opened");
    return 0;
  }
  if (words[0] == "migrate") return run_migrate(**database);
  if (words[0] == "keys") {
    return run_keys(**database, std::stoi(words.at(2)), std::stoi(words.at(3)));
  }
  if (words[0] == "write") {
    return run_write(**database, words.at(2), words.size() > 3 ? words[3] : "");
  }
  if (words[0] == "hold") return run_hold(**database, words.at(2));
  return 2;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run({words + 1, words + count});
  } catch (const std::exception& error) {
    say(fmt::format("exception {}", error.what()));
    return 3;
  }
}

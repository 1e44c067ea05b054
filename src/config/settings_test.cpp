#include "config/settings.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <fstream>
#include <sstream>

#include "config/load.hpp"
#include "config/page.hpp"
#include "config/table.hpp"

namespace vedette::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Inputs bare() {
  Inputs inputs;
  inputs.environment = {{"HOME", "/home/ann"}};
  inputs.working_dir = "/srv";
  return inputs;
}

Inputs with_file(std::string text) {
  auto inputs = bare();
  inputs.toml = SourceText{"vedette.toml", std::move(text)};
  return inputs;
}

Loaded loaded(const Inputs& inputs) {
  auto result = parse_settings(inputs);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? *std::move(result) : Loaded{};
}

std::string refusal(const Inputs& inputs) {
  const auto result = parse_settings(inputs);
  if (result) return "(accepted)";
  EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  return result.error().message;
}

Effective effective(const Loaded& all, std::string_view name) {
  const auto found = std::ranges::find(all.effective, name, &Effective::name);
  return found == all.effective.end() ? Effective{} : *found;
}

// A text other than the default that the setting takes as it is.
std::string another(const Declaration& declaration) {
  switch (declaration.shape.kind) {
    case Kind::kText:
      return "other";
    case Kind::kPath:
      return "/other/place";
    case Kind::kDatabase:
      return "sqlite:/other/file.db";
    case Kind::kAddress:
      return "[::1]:9000";
    case Kind::kBoolean:
      return declaration.default_text == "true" ? "false" : "true";
    case Kind::kChoice:
      return std::string(declaration.shape.choices.back());
    case Kind::kList:
      return declaration.shape.choices.empty() ? "a.example,b.example"
                                               : std::string(declaration.shape.choices.front());
    case Kind::kNumber:
      return "0.5";
    default: {
      // Between the bounds, and not the default.
      const Value low = declaration.shape.kind == Kind::kDuration
                            ? Value(Micros{static_cast<std::int64_t>(declaration.shape.low)})
                            : Value(static_cast<std::int64_t>(declaration.shape.low));
      auto text = format_value(declaration.shape, low);
      if (text != declaration.default_text) return text;
      return format_value(declaration.shape, Value(std::get<std::int64_t>(low) + 1));
    }
  }
}

std::string as_toml(const Declaration& declaration, std::string_view text) {
  const auto kind = declaration.shape.kind;
  const bool is_bare = kind == Kind::kInteger || kind == Kind::kNumber || kind == Kind::kBoolean;
  return std::string(declaration.name) + " = " + (is_bare ? "" : "\"") + std::string(text) +
         (is_bare ? "" : "\"") + "\n";
}

TEST(Settings, DefaultsAreUsableAndSaySo) {
  const auto all = loaded(bare());
  EXPECT_EQ(all.settings.data.dir, "/home/ann/.local/share/vedette");
  EXPECT_EQ(all.settings.database.url, "sqlite:/home/ann/.local/share/vedette/vedette.db");
  EXPECT_EQ(all.settings.watch.models_dir, "/home/ann/.local/share/vedette/models");
  EXPECT_EQ(all.settings.http.listen_host, "127.0.0.1");
  EXPECT_EQ(all.settings.http.listen_port, 8080);
  EXPECT_EQ(all.settings.http.max_body, 64 << 20);
  EXPECT_EQ(all.settings.lease.ttl, seconds(10));
  EXPECT_EQ(all.settings.history.live_retention, hours(48));
  EXPECT_EQ(all.settings.history.hourly_retention, Micros(0));
  EXPECT_EQ(all.settings.roles.size(), 5U);
  EXPECT_EQ(all.settings.log.level, log::Level::kInfo);
  EXPECT_GE(all.settings.watch.thread_count(), 1);
  EXPECT_EQ(all.effective.size(), declarations().size());
  for (const auto& row : all.effective) {
    EXPECT_EQ(row.where, "default") << row.name;
    EXPECT_FALSE(all.is_set(row.name)) << row.name;
  }
}

TEST(Settings, TheDefaultsValueIsSetWhenItIsGiven) {
  auto inputs = bare();
  inputs.flags["http.listen"] = "127.0.0.1:8080";
  EXPECT_TRUE(loaded(inputs).is_set("http.listen"));
  EXPECT_FALSE(loaded(inputs).is_set("http.advertise"));
  EXPECT_FALSE(loaded(inputs).is_set("no.such"));
}

TEST(Settings, DataFolderMovesWhatLiesInIt) {
  auto inputs = bare();
  inputs.environment["XDG_DATA_HOME"] = "/data";
  EXPECT_EQ(loaded(inputs).settings.database.url, "sqlite:/data/vedette/vedette.db");
  inputs.flags["data.dir"] = "here";
  const auto all = loaded(inputs);
  EXPECT_EQ(all.settings.database.url, "sqlite:/srv/here/vedette.db");
  EXPECT_EQ(all.settings.watch.models_dir, "/srv/here/models");
  EXPECT_EQ(effective(all, "data.dir").where, "flag --data");
}

TEST(Settings, WithoutHomeAFolderIsAskedFor) {
  auto inputs = bare();
  inputs.environment.clear();
  EXPECT_THAT(refusal(inputs), AllOf(HasSubstr("HOME"), HasSubstr("--data")));
}

TEST(Settings, TheHighestOriginWinsForEverySetting) {
  for (const auto& declaration : declarations()) {
    const auto value = another(declaration);
    ASSERT_NE(value, declaration.default_text) << declaration.name;
    const auto standard = declaration.default_text.empty() && !declaration.default_note.empty()
                              ? as_toml(declaration, value)
                              : as_toml(declaration, declaration.default_text);
    EXPECT_TRUE(rc::check(std::string(declaration.name), [&] {
      // Every origin but the highest says the default, when it says something.
      const auto given = *rc::gen::container<std::vector<bool>>(4, rc::gen::arbitrary<bool>());
      int highest = -1;
      for (int i = 0; i < 4; ++i) {
        if (given[static_cast<std::size_t>(i)]) highest = i;
      }
      const auto says = [&](int origin) {
        return origin == highest || declaration.default_text.empty()
                   ? value
                   : std::string(declaration.default_text);
      };
      auto inputs = bare();
      const auto name = environment_name(declaration);
      if (given[0]) inputs.toml = SourceText{"vedette.toml", as_toml(declaration, says(0))};
      if (given[1]) inputs.dotenv = SourceText{".env", "# x\n" + name + "=" + says(1) + "\n"};
      if (given[2]) inputs.environment[name] = says(2);
      if (given[3]) inputs.flags[std::string(declaration.name)] = says(3);
      const auto all = parse_settings(inputs);
      RC_ASSERT(all.has_value());
      const auto row = effective(*all, declaration.name);
      RC_ASSERT(static_cast<int>(row.origin) == highest + 1);
      if (highest >= 0) RC_ASSERT(row.value == (declaration.is_secret ? "(set)" : value));
      const auto flag = declaration.short_flag.empty() ? flag_name(declaration)
                                                       : std::string(declaration.short_flag);
      const std::vector<std::string> where{"default", "vedette.toml:1", ".env:2 " + name,
                                           "environment " + name, "flag --" + flag};
      RC_ASSERT(row.where == where[static_cast<std::size_t>(highest + 1)]);
    }));
  }
}

TEST(Settings, WhatIsInForceCanBeWrittenToAFileAndReadBack) {
  auto inputs = bare();
  std::string file;
  for (const auto& declaration : declarations()) file += as_toml(declaration, another(declaration));
  const auto all = loaded(with_file(file));
  std::string again;
  for (const auto& row : all.effective) {
    const auto* declaration = find_declaration(row.name);
    again += as_toml(*declaration, row.is_secret ? another(*declaration) : row.value);
  }
  const auto second = loaded(with_file(again));
  for (std::size_t i = 0; i < all.effective.size(); ++i) {
    EXPECT_EQ(all.effective[i].value, second.effective[i].value) << all.effective[i].name;
  }
}

TEST(Settings, EveryBadValueNamesPlaceAndRemedy) {
  for (const auto& declaration : declarations()) {
    const auto wrong_type = "\n\n" + std::string(declaration.name) + " = 2026-11-22\n";
    EXPECT_THAT(refusal(with_file(wrong_type)),
                AllOf(HasSubstr("vedette.toml:3: "), HasSubstr(std::string(declaration.name)),
                      HasSubstr("should be " + describe(declaration.shape))));
    // A control character is right for none.
    auto inputs = bare();
    const auto name = environment_name(declaration);
    inputs.environment[name] =
        "a\x01"
        "b";
    EXPECT_THAT(
        refusal(inputs),
        AllOf(HasSubstr("environment " + name), HasSubstr(std::string(declaration.name)),
              HasSubstr("should be " + describe(declaration.shape)), Not(HasSubstr("\x01"))));
  }
}

TEST(Settings, OutOfBoundsIsRefusedOnBothSides) {
  for (const auto& declaration : declarations()) {
    const auto& shape = declaration.shape;
    if (shape.kind != Kind::kInteger && shape.kind != Kind::kSize &&
        shape.kind != Kind::kDuration) {
      continue;
    }
    const auto unit = shape.kind == Kind::kDuration ? "us" : "";
    for (const double outside : {shape.low - 1, shape.high + 1}) {
      auto inputs = bare();
      inputs.flags[std::string(declaration.name)] =
          std::to_string(static_cast<std::int64_t>(outside)) + unit;
      if (shape.may_be_zero && outside == 0) continue;
      EXPECT_THAT(refusal(inputs), AllOf(HasSubstr("flag --"), HasSubstr(" from ")))
          << declaration.name << " " << outside;
    }
  }
  auto inputs = bare();
  inputs.flags["history.live_retention"] = "48s";
  EXPECT_THAT(refusal(inputs), HasSubstr("from 1h to 36500d, or 0"));
}

TEST(Settings, UnknownNamesSuggestTheNearest) {
  EXPECT_EQ(refusal(with_file("[http]\nlisen = \"127.0.0.1:1\"\n")),
            "vedette.toml:2: there is no setting http.lisen; did you mean http.listen?");
  EXPECT_EQ(refusal(with_file("[htpp]\n\nlisten = \"127.0.0.1:1\"\n")),
            "vedette.toml:3: there is no setting htpp.listen; did you mean http.listen?");
  EXPECT_THAT(refusal(with_file("radar = 1")),
              HasSubstr("vedette.toml:1: there is no setting radar"));
  EXPECT_THAT(refusal(with_file("http = 5")), HasSubstr("write [http]"));
  auto inputs = bare();
  inputs.environment["VEDETTE_HTTP_LISTN"] = "127.0.0.1:1";
  EXPECT_THAT(refusal(inputs), HasSubstr("did you mean VEDETTE_HTTP_LISTEN?"));
  inputs = bare();
  inputs.environment["VEDETTE_SOMETHING_ELSE"] = "1";
  EXPECT_THAT(loaded(inputs).remarks, testing::ElementsAre(HasSubstr("VEDETTE_SOMETHING_ELSE")));
}

TEST(Settings, BrokenFilesNameTheLine) {
  EXPECT_THAT(refusal(with_file("[http]\nlisten = \n")),
              HasSubstr("vedette.toml:2: not valid TOML"));
  EXPECT_THAT(refusal(with_file("a = 1\na = 2\n")), HasSubstr("vedette.toml:2"));
  EXPECT_THAT(refusal(with_file(std::string(kMaxFileBytes + 1, '#'))),
              HasSubstr("larger than 1 MiB"));
  std::string deep = "a";
  for (int i = 0; i < 200'000; ++i) deep += ".a";
  EXPECT_THAT(refusal(with_file(deep + " = 1")), HasSubstr("dots"));
  EXPECT_THAT(refusal(with_file("x = " + std::string(5000, '['))), HasSubstr("vedette.toml:1"));
}

TEST(Settings, SecretsAreNeverShown) {
  auto inputs = with_file("[auth]\ntoken = \"hush-hush-hush-hush\"\n");
  inputs.flags["database.url"] = "postgresql://ann:hush@db/vedette";
  const auto all = loaded(inputs);
  EXPECT_EQ(all.settings.auth.token, "hush-hush-hush-hush");
  EXPECT_EQ(all.settings.database.url, "postgresql://ann:hush@db/vedette");
  EXPECT_EQ(effective(all, "database.url").value, "postgresql://***@db/vedette");
  for (const auto& row : all.effective) EXPECT_THAT(row.value, Not(HasSubstr("hush")));
  inputs.environment["VEDETTE_AUTH_TOKEN"] = "hush\n";
  EXPECT_THAT(refusal(inputs), Not(HasSubstr("hush")));
  inputs = bare();
  inputs.environment["VEDETTE_DATABASE_URL"] = "mysql://ann:hush@db/x";
  EXPECT_THAT(refusal(inputs), AllOf(HasSubstr("postgresql://"), Not(HasSubstr("hush"))));
}

TEST(Settings, PathsStartWhereTheirSourceIs) {
  auto inputs = bare();
  inputs.toml = SourceText{"conf/vedette.toml",
                           "[database]\nurl = \"sqlite:x.db\"\n[watch]\nmodel = \"m/a.onnx\"\n"};
  inputs.environment["VEDETTE_SAMPLES"] = "~/samples";
  inputs.flags["watch.models_dir"] = "../m";
  const auto settings = loaded(inputs).settings;
  EXPECT_EQ(settings.database.url, "sqlite:/srv/conf/x.db");
  EXPECT_EQ(settings.watch.model, "/srv/conf/m/a.onnx");
  EXPECT_EQ(settings.samples.dir, "/home/ann/samples");
  EXPECT_EQ(settings.watch.models_dir, "/m");
  inputs.flags["watch.model"] = "none";
  EXPECT_EQ(loaded(inputs).settings.watch.model, "none");
}

TEST(Settings, ShortEnvironmentNamesGiveWayToTheLongOnes) {
  auto inputs = bare();
  inputs.environment["VEDETTE_LISTEN"] = "127.0.0.1:1";
  EXPECT_EQ(loaded(inputs).settings.http.listen_port, 1);
  inputs.environment["VEDETTE_HTTP_LISTEN"] = "127.0.0.1:2";
  const auto all = loaded(inputs);
  EXPECT_EQ(all.settings.http.listen_port, 2);
  EXPECT_THAT(all.remarks, testing::ElementsAre(HasSubstr("differ")));
}

TEST(Settings, DotEnvIsReadAsShellsWriteIt) {
  auto inputs = bare();
  inputs.dotenv = SourceText{".env",
                             "# comment\r\n\nexport VEDETTE_LOG_LEVEL='debug'\r\n"
                             "VEDETTE_LIVE_FPS = 5 # slow\nVEDETTE_AUTH_USER=\"a # b\"\n"
                             "VEDETTE_LIVE_QUALITY=\nthis is nothing\nOTHER=1\n"};
  const auto all = loaded(inputs);
  EXPECT_EQ(all.settings.log.level, log::Level::kDebug);
  EXPECT_EQ(all.settings.live.fps, 5);
  EXPECT_EQ(all.settings.auth.user, "a # b");
  EXPECT_EQ(all.settings.live.quality, 80);
  EXPECT_EQ(effective(all, "live.fps").where, ".env:4 VEDETTE_LIVE_FPS");
  EXPECT_THAT(all.remarks, testing::ElementsAre(HasSubstr(".env:7 ")));
}

TEST(Settings, AnyBytesAreReadOrRefused) {
  EXPECT_TRUE(rc::check("parse_settings never throws", [](std::string toml, std::string dotenv) {
    auto inputs = bare();
    inputs.toml = SourceText{"vedette.toml", std::move(toml)};
    inputs.dotenv = SourceText{".env", std::move(dotenv)};
    const auto result = parse_settings(inputs);
    if (!result) RC_ASSERT(result.error().code == ErrorCode::kUsage);
  }));
}

TEST(SettingsTable, NamesAndFlagsAreUniqueAndDefaultsAreRight) {
  std::vector<std::string> flags;
  std::vector<std::string> names;
  for (const auto& declaration : declarations()) {
    flags.push_back(flag_name(declaration));
    if (!declaration.short_flag.empty() && declaration.short_flag != flags.back()) {
      flags.emplace_back(declaration.short_flag);
    }
    names.push_back(environment_name(declaration));
    if (!declaration.short_environment.empty()) names.emplace_back(declaration.short_environment);
    EXPECT_FALSE(declaration.help.ends_with('.')) << declaration.name;
    if (declaration.default_note.empty()) {
      const auto value = parse_value(declaration.shape, declaration.default_text);
      ASSERT_TRUE(value) << declaration.name;
      EXPECT_EQ(format_value(declaration.shape, *value), declaration.default_text)
          << declaration.name;
    }
  }
  for (auto* all : {&flags, &names}) {
    std::ranges::sort(*all);
    EXPECT_EQ(std::ranges::adjacent_find(*all), all->end());
  }
}

TEST(SettingsPage, IsTheCommittedOne) {
  std::ifstream file(VEDETTE_SOURCE_DIR "/docs/operations/settings.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), settings_page())
      << "docs/operations/settings.md is out of date; write it anew: vedette config docs > "
         "docs/operations/settings.md";
}

}  // namespace
}  // namespace vedette::config

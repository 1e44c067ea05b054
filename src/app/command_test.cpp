// The built program as a shell sees it: exit codes, messages, help, JSON.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "app/program_test.hpp"
#include "config/table.hpp"
#include "db/database.hpp"
#include "media/image.hpp"
#include "media/jpeg.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Program : public ProgramTest {};

TEST_F(Program, HelpIsForNewcomers) {
  const auto done = run("--help");
  EXPECT_EQ(done.code, 0);
  for (const auto* word : {"config", "db", "doctor", "status", "watch", "--listen", "--data",
                           "--json", "Exit codes"}) {
    EXPECT_THAT(done.out, HasSubstr(word));
  }
  // The settings that few people touch are named once, not listed.
  EXPECT_THAT(done.out, Not(HasSubstr("--lease-ttl")));
  EXPECT_THAT(run("config --help").out, AllOf(HasSubstr("docs"), HasSubstr("hash-password")));
  EXPECT_THAT(run("db migrate --help").out, HasSubstr("Bring the database"));
  EXPECT_THAT(run("serve --help").out, AllOf(HasSubstr("--demo"), HasSubstr("--roles")));
}

// Each value with its form, and its default or an example; what every command takes is told once.
TEST_F(Program, HelpOfACommandIsAboutThatCommand) {
  const auto help = run("watch --help").out;
  EXPECT_THAT(help, AllOf(HasSubstr("--limit TIME"), HasSubstr("such as 30s"),
                          HasSubstr("--types A,B,..."), HasSubstr("(default: car,truck,bus"),
                          HasSubstr("--threads NUMBER"), HasSubstr("--precision f32|auto")));
  EXPECT_THAT(help, AllOf(Not(HasSubstr("TEXT")), Not(HasSubstr(" INT")),
                          Not(HasSubstr("--calibration")), Not(HasSubstr("--listen"))));
  EXPECT_THAT(help, HasSubstr("see `vedette --help`"));
  EXPECT_EQ(run("watch x --threads 0").code, 2);
  EXPECT_EQ(run("watch x --precision f16").code, 2);
}

// A line in pixels of the picture, with words for its directions or those of how it lies there.
TEST_F(Program, WatchSaysWhichWayAndRefusesALineThatCountsNothing) {
  media::Image image(64, 48);
  image.fill(90, 90, 90);
  media::JpegEncoder encoder;  // owns what it encodes
  const auto jpeg = *encoder.encode(image, 80);
  std::string clip;
  for (int i = 0; i < 3; ++i) clip.append(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  write("clip.mjpeg", clip);
  const auto watch = [&](const std::string& lines) {
    return run("watch clip.mjpeg --model none " + lines);
  };
  const auto refused = watch("--line gate:0,20,9999,20");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--line: 'gate' leaves the picture, which is 64 x 48 pixels"));
  const auto twice = watch("--line gate:0,20,63,20 --line gate:0,30,63,30");
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("--line: two lines are called 'gate'"));

  const auto by_geometry = watch("--line gate:0,20,63,20");
  EXPECT_EQ(by_geometry.code, 0) << by_geometry.err;
  EXPECT_THAT(by_geometry.out, AllOf(HasSubstr("down"), HasSubstr("up"), Not(HasSubstr("a to b"))));
  const auto named = watch("--line gate:0,20,63,20:'into town'/out");
  EXPECT_EQ(named.code, 0) << named.err;
  EXPECT_THAT(named.out, AllOf(HasSubstr("into town"), HasSubstr("out"), Not(HasSubstr("down"))));
}

TEST_F(Program, VersionNamesItsParts) {
  const auto done = run("--version");
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.out,
              AllOf(StartsWith("vedette "), HasSubstr("\nSQLite 3."), HasSubstr("\nOpenCV "),
                    HasSubstr("\nFFmpeg "), HasSubstr("\nOpenVINO ")));
}

TEST_F(Program, BadUseIsExitCodeTwoWithAHint) {
  const auto expect = [&](const std::string& arguments, const std::string& hint) {
    const auto done = run(arguments);
    EXPECT_EQ(done.code, 2) << arguments;
    EXPECT_THAT(done.err, AllOf(StartsWith("vedette: "), HasSubstr(hint), HasSubstr("--help")))
        << arguments;
    EXPECT_EQ(done.out, "") << arguments;
  };
  expect("statsu", "there is no command statsu; did you mean status?");
  expect("--lisen 127.0.0.1:1 config", "there is no flag --lisen; did you mean --listen?");
  expect("config --jsn", "did you mean --json?");
  expect("db migrat", "did you mean migrate?");
  expect("status now", "\"now\" is one word too many");
  expect("config --listen", "--listen");
  EXPECT_EQ(run("").code, 2);
  EXPECT_THAT(run("").err, HasSubstr("\nCommands:\n"));
  EXPECT_EQ(run("db").code, 2);
}

TEST_F(Program, BadSettingsStopEveryCommand) {
  write("vedette.toml", "[http]\n\nlisen = \"127.0.0.1:1\"\n");
  for (const auto* command : {"config", "doctor", "status", "db check"}) {
    const auto done = run(command);
    EXPECT_EQ(done.code, 2) << command;
    EXPECT_EQ(
        done.err,
        "vedette: vedette.toml:3: there is no setting http.lisen; did you mean http.listen?\n");
  }
  const auto error = run_json("config", 2).at("error").as_object();
  EXPECT_EQ(error.at("code"), "usage");
  EXPECT_THAT(run("config --config none.toml").err, HasSubstr("there is no file none.toml"));
  fs::remove(folder_ / "vedette.toml");
  EXPECT_THAT(run("config --live-fps 1000").err,
              HasSubstr("flag --live-fps: live.fps = \"1000\" is not right; it should be a whole "
                        "number from 1 to 60"));
  EXPECT_THAT(run("config", "VEDETTE_LISTEN=8080").err,
              HasSubstr("environment VEDETTE_LISTEN: http.listen = \"8080\""));
}

TEST_F(Program, ConfigSaysWhereEachSettingCameFrom) {
  write("vedette.toml", "[live]\nfps = 5\n");
  write(".env", "VEDETTE_LIVE_QUALITY=70\nAWS_REGION=x\n");
  const auto done = run("config --listen 127.0.0.1:9 --http-io-threads=2",
                        "VEDETTE_AUTH_TOKEN=hush-hush-hush-hush VEDETTE_LOG_LEVEL=warn");
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.out, testing::ContainsRegex("http.listen +127.0.0.1:9 +flag --listen\n"));
  EXPECT_THAT(done.out, testing::ContainsRegex("http.io_threads +2 +flag --http-io-threads\n"));
  EXPECT_THAT(done.out, testing::ContainsRegex("live.fps +5 +vedette.toml:2\n"));
  EXPECT_THAT(done.out, testing::ContainsRegex("live.quality +70 +.env:1 VEDETTE_LIVE_QUALITY\n"));
  EXPECT_THAT(done.out, testing::ContainsRegex("log.level +warn +environment VEDETTE_LOG_LEVEL"));
  EXPECT_THAT(done.out, testing::ContainsRegex("auth.token +.set. +environment"));
  EXPECT_THAT(done.out, AllOf(HasSubstr("AWS_REGION (.env:2)"), Not(HasSubstr("hush"))));

  const auto all = run_json("config");
  EXPECT_EQ(all.at("settings").as_array().size(), config::declarations().size());
  EXPECT_EQ(all.at("file").as_string(), (folder_ / "vedette.toml").string());
  // Flags may stand before the command too.
  EXPECT_THAT(run("--live-fps 7 config").out, testing::ContainsRegex("live.fps +7 +flag"));
}

TEST_F(Program, TheFileAmongTheDataIsRead) {
  fs::create_directories(folder_ / "data");
  write("data/vedette.toml", "[live]\nfps = 3\n");
  EXPECT_THAT(run("config --data data").out,
              testing::ContainsRegex("live.fps +3 +.*/data/vedette.toml:2\n"));
}

TEST_F(Program, DocsPrintTheCommittedPage) {
  EXPECT_EQ(run("config docs").out, read(VEDETTE_SOURCE_DIR "/docs/operations/settings.md"));
}

TEST_F(Program, PasswordsAreHashedFromStandardInput) {
  write("password", "correct horse\n");
  const auto done = run("config hash-password", "", "password");
  EXPECT_EQ(done.code, 0) << done.err;
  const auto hash = done.out.substr(0, done.out.find('\n'));
  EXPECT_THAT(hash, AllOf(HasSubstr("$"), Not(HasSubstr("horse"))));
  // What is printed is accepted as the setting.
  write("vedette.toml", "[auth]\npassword_hash = \"" + hash + "\"\n");
  EXPECT_EQ(run("config").code, 0);
  EXPECT_THAT(run("doctor --listen 0.0.0.0:0").out, HasSubstr("writing needs a login"));
  EXPECT_EQ(run("config hash-password").code, 2);
}

TEST_F(Program, DatabaseIsMadeOnceAndFoundSound) {
  const auto before = run("db check");
  EXPECT_EQ(before.code, 1);
  EXPECT_THAT(before.err, HasSubstr("`vedette db migrate` makes it"));
  const auto first = run_json("db migrate");
  EXPECT_FALSE(first.at("applied").as_array().empty());
  EXPECT_TRUE(run_json("db migrate").at("applied").as_array().empty());
  EXPECT_THAT(run("db migrate").out, HasSubstr("is up to date"));
  const auto check = run_json("db check");
  EXPECT_TRUE(check.at("sound").as_bool());
  EXPECT_TRUE(check.at("missing_steps").as_array().empty());
  EXPECT_THAT(run("db check").out, HasSubstr("is sound"));
}

TEST_F(Program, WhatADatabaseLacksIsSaid) {
  ASSERT_EQ(run("db migrate --database sqlite:some.db").code, 0);
  change("some.db", "DELETE FROM schema_migrations WHERE module = 'work' AND version = 2");
  const auto missing = run("db check --database sqlite:some.db");
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.out, HasSubstr("Step work 2 (processes and the state of their loops) is "
                                     "missing"));
  ASSERT_EQ(run("db migrate --database sqlite:other.db").code, 0);
  change("other.db", "DROP TABLE lease");
  const auto gone = run("db check --database sqlite:other.db");
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.out, AllOf(HasSubstr("is not whole"), HasSubstr("The table lease is gone")));
  EXPECT_THAT(run("doctor --watch-model none --database sqlite:other.db").out,
              testing::ContainsRegex("bad +Database .*gone: table lease"));
}

// A file that cannot grow is what a full disk looks like.
TEST_F(Program, OnAFullDiskDoctorSaysToMakeRoom) {
  ASSERT_EQ(run("db migrate --database sqlite:full.db").code, 0);
  const auto done = run("doctor --watch-model none --data . --database sqlite:full.db | cat",
                        R"(sh -c 'trap "" XFSZ; ulimit -f 0; exec "$@"' sh)", "/dev/stdin");
  EXPECT_THAT(done.out, testing::ContainsRegex("bad +Database .*no space left"));
  EXPECT_THAT(done.out, HasSubstr("leave the file where it is"));
  EXPECT_THAT(done.out, Not(HasSubstr("name another")));
  EXPECT_THAT(done.out, Not(HasSubstr("move")));
}

TEST_F(Program, ADatabaseThatAllMayReadIsWarnedOf) {
  ASSERT_EQ(run("db migrate --database sqlite:some.db").code, 0);
  fs::permissions(folder_, fs::perms::others_exec, fs::perm_options::add);
  EXPECT_THAT(run("doctor --watch-model none --database sqlite:some.db").out,
              Not(HasSubstr("every user of this machine")));
  fs::permissions(folder_ / "some.db", fs::perms::others_read, fs::perm_options::add);
  EXPECT_THAT(run("doctor --watch-model none --database sqlite:some.db").out,
              HasSubstr("every user of this machine may read"));
}

TEST_F(Program, ANewerDatabaseIsRefusedByEveryCommand) {
  ASSERT_EQ(run("db migrate --database sqlite:newer.db").code, 0);
  change("newer.db", "INSERT INTO schema_migrations VALUES ('radar', 1, 'sites', 'x', 1)");
  for (const char* command : {"db check", "db migrate"}) {
    const auto done = run(std::string(command) + " --database sqlite:newer.db");
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.err, HasSubstr("step radar 1 (sites), which this program does not know"));
  }
  EXPECT_THAT(run("doctor --watch-model none --database sqlite:newer.db").out,
              testing::ContainsRegex("bad +Database .*radar 1"));
}

TEST_F(Program, ABrokenDatabaseIsSaidToBeBroken) {
  write("broken.db", std::string(8192, 'x'));
  const auto done = run("db check --database sqlite:broken.db");
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("broken.db"));
  const auto doctor = run("doctor --database sqlite:broken.db --watch-model none");
  EXPECT_EQ(doctor.code, 1);
  EXPECT_THAT(doctor.out, testing::ContainsRegex("bad +Database +.*broken.db"));
  EXPECT_THAT(doctor.out, Not(HasSubstr("begin anew")));
}

TEST_F(Program, StatusSaysThatNobodyAnswers) {
  const auto done = run("status --url http://127.0.0.1:1");
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err,
              AllOf(HasSubstr("nothing answers at 127.0.0.1:1"), HasSubstr("vedette serve")));
  EXPECT_EQ(run("status --url ftp://x").code, 2);
}

TEST_F(Program, DoctorNamesWhatIsWrongAndTheRemedy) {
  const auto fine = run("doctor --watch-model none --listen 127.0.0.1:0");
  EXPECT_EQ(fine.code, 0) << fine.out;
  EXPECT_THAT(fine.out, HasSubstr("Nothing stands in the way"));
  write("file", "");
  const auto done = run("doctor --data file/below --watch-model missing.onnx --listen 0.0.0.0:0");
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.out, testing::ContainsRegex("bad +Data folder"));
  EXPECT_THAT(done.out, testing::ContainsRegex("bad +Model .*missing.onnx"));
  EXPECT_THAT(done.out, testing::ContainsRegex("bad +Access"));
  EXPECT_THAT(done.out, HasSubstr("to be repaired"));
  const auto all = run_json("doctor --watch-model none --listen 127.0.0.1:0");
  EXPECT_EQ(all.at("bad").as_int64(), 0);
  EXPECT_GE(all.at("findings").as_array().size(), 10U);
}

}  // namespace
}  // namespace vedette::app

// What the tests of commands share: the built program, run as a shell runs it, in a folder of its
// own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "db/database.hpp"

namespace vedette::app {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Runs `vedette` in a folder of its own with an environment of its own.
class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "vedette-command-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  // As another program would, behind Vedette's back.
  void change(const std::string& file, const std::string& sql) const {
    auto database = db::Database::open({.url = "sqlite:" + (folder_ / file).string()});
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->write([&](db::Session& session) { return session.script(sql); }));
  }

  // `arguments` and `environment` as a shell reads them.
  Outcome run(const std::string& arguments, const std::string& environment = "",
              const std::string& input = "/dev/null") const {
    // Addresses of sanitizers and libraries come from the caller's environment.
    const auto command = "cd " + folder_.string() +
                         " && env -u VEDETTE_SAMPLES HOME=" + folder_.string() +
                         " XDG_DATA_HOME= " + environment + " " VEDETTE_PROGRAM " " + arguments +
                         " < " + input + " > out.txt 2> err.txt";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(folder_ / "out.txt"),
            read(folder_ / "err.txt")};
  }

  boost::json::value run_json(const std::string& arguments, int code = 0) const {
    const auto done = run(arguments + " --json");
    EXPECT_EQ(done.code, code) << done.err;
    boost::system::error_code error;
    auto value = boost::json::parse(done.out, error);
    EXPECT_FALSE(error) << done.out;
    return value;
  }

  std::filesystem::path folder_;
};

}  // namespace vedette::app

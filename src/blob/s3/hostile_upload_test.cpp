// What can happen to an object that goes in parts: refusals in the middle and at the end, parts
// that get lost, files that change. Nothing half stored is left.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "blob/s3/hostile_test.hpp"

namespace vedette::blob::s3 {
namespace {

using testing::Answer;
using testing::answer;
using testing::Asked;
using testing::content_of;
using ::testing::HasSubstr;
using testing::must;
using testing::refuse;
using testing::ScriptedServer;
using namespace std::chrono_literals;

// Takes objects in parts; what it says to their completion is the test's.
struct Parts {
  std::function<Answer(int)> complete = [](int) {
    return answer(200, "<CompleteMultipartUploadResult/>");
  };
  std::atomic<int> completions = 0;
  std::atomic<std::size_t> received = 0;
  std::atomic<int> given_up = 0;

  Answer operator()(const Asked& asked) {
    if (asked.method == "POST" && asked.has("uploads=")) {
      return answer(200,
                    "<InitiateMultipartUploadResult><UploadId>the/id</UploadId>"
                    "</InitiateMultipartUploadResult>");
    }
    if (asked.method == "PUT") {
      received += asked.body.size();
      return answer(200, "", {{"ETag", '"' + md5_of(asked.body) + '"'}});
    }
    if (asked.method == "POST") return complete(++completions);
    if (asked.method == "DELETE") {
      ++given_up;
      return answer(204);
    }
    return answer(200, "", {{"Content-Length", std::to_string(received)}, {"ETag", "\"x-3\""}});
  }
};

TEST(HostileS3, AnErrorUnderStatus200IsAnError) {
  const auto content = content_of(11 << 20);
  {
    Parts parts;
    parts.complete = [](int count) {
      return count == 1 ? refuse(200, "InternalError")
                        : answer(200,
                                 "<CompleteMultipartUploadResult><ETag>x-3</ETag>"
                                 "</CompleteMultipartUploadResult>");
    };
    ScriptedServer server([&](const Asked& asked) { return parts(asked); });
    EXPECT_EQ(must(store_at(server.options())->put("k", from_text(content), {})), content.size());
    EXPECT_EQ(parts.completions, 2);
    EXPECT_EQ(parts.given_up, 0);
  }
  Parts parts;
  parts.complete = [](int) { return refuse(200, "InvalidPart"); };
  ScriptedServer server([&](const Asked& asked) { return parts(asked); });
  const auto failed = store_at(server.options())->put("k", from_text(content), {});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("InvalidPart"));
  EXPECT_EQ(parts.given_up, 1) << "and the parts are given up";
}

TEST(HostileS3, ACompletionThatWasNotHeardOfIsNoFailure) {
  Parts parts;
  parts.complete = [](int count) {
    return count == 1 ? Answer{"", Answer::Then::kReset} : refuse(404, "NoSuchUpload");
  };
  ScriptedServer server([&](const Asked& asked) { return parts(asked); });
  EXPECT_TRUE(store_at(server.options())->put("k", from_text(content_of(6 << 20)), {}));
}

TEST(HostileS3, PartsThatGetLostAreFound) {
  Parts parts;
  ScriptedServer server([&](const Asked& asked) {
    auto said = parts(asked);
    parts.received = 5;
    return said;
  });
  const auto failed = store_at(server.options())->put("k", from_text(content_of(6 << 20)), {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt);
}

TEST(HostileS3, OnePartThatFailsGivesTheWholeUp) {
  Parts parts;
  ScriptedServer server([&](const Asked& asked) {
    if (asked.method == "PUT" && asked.has("partNumber=2&")) return refuse(403, "AccessDenied");
    return parts(asked);
  });
  const auto failed = store_at(server.options())->put("k", from_text(content_of(40 << 20)), {});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("refuses access"));
  EXPECT_EQ(parts.completions, 0);
  EXPECT_EQ(parts.given_up, 1);
}

// A file of three parts (of four times 5 MiB).
struct LargeFile {
  testing::TempFolder folder;
  std::filesystem::path path = folder.path() / "file";
  std::string content = content_of(41 << 20);

  LargeFile() { std::ofstream(path) << content; }
};

TEST(HostileS3, APartOfAFileIsReadAgainForItsNextTry) {
  const LargeFile file;
  Parts parts;
  int refused = 0;
  ScriptedServer server([&](const Asked& asked) {
    if (asked.has("partNumber=2&") && ++refused < 3) return refuse(503, "SlowDown");
    return parts(asked);
  });
  EXPECT_EQ(must(store_at(server.options())->put("k", must(from_file(file.path)), {})),
            file.content.size());
  std::map<std::string, std::string> bodies;
  int tries = 0;
  for (const auto& asked : server.asked()) {
    if (asked.method != "PUT") continue;
    bodies[asked.target] = asked.body;
    if (!asked.has("partNumber=2&")) continue;
    ++tries;
    EXPECT_TRUE(asked.body == file.content.substr(20 << 20, 20 << 20));
  }
  EXPECT_EQ(tries, 3);
  std::string all;
  for (const auto& [target, body] : bodies) all += body;  // their numbers have one digit
  EXPECT_TRUE(all == file.content);
}

TEST(HostileS3, AFileThatIsCutOffWhileItIsSentIsGivenUp) {
  const LargeFile file;
  Parts parts;
  ScriptedServer server([&](const Asked& asked) {
    if (asked.has("uploads=")) std::filesystem::resize_file(file.path, 30 << 20);
    return parts(asked);
  });
  const auto failed = store_at(server.options())->put("k", must(from_file(file.path)), {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(failed.error().message, HasSubstr("was cut off while it was read"));
  EXPECT_EQ(parts.completions, 0);
  EXPECT_EQ(parts.given_up, 1);
}

TEST(HostileS3, WhatIsTooLargeIsSaidBeforeAnythingIsReadOrSent) {
  ScriptedServer server([](const Asked&) { return answer(200); });
  const auto options = server.options();
  int reads = 0;
  Source source{.size = 10'000 * options.part_size + 1,
                .read = [&](std::span<char>) -> Result<std::size_t> {
                  ++reads;
                  return 0;
                }};
  const auto failed = store_at(options)->put("k", source, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(failed.error().message, HasSubstr("raise blob.part_size"));
  EXPECT_EQ(reads, 0);
  EXPECT_TRUE(server.asked().empty());
}

}  // namespace
}  // namespace vedette::blob::s3

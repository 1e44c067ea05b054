// What an S3 server can do to a read: cut it off, lie about lengths and digests, fall silent, give
// another object's bytes or other keys than were asked for.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/daemon.hpp"
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

// GET of "content", cut off or lied about in the first answers.
struct Cutting {
  std::string content = content_of(100'000);
  std::string tag = md5_of(content);
  std::atomic<int> count = 0;

  Answer whole_from(const Asked& asked, std::size_t sent) const {
    const auto range = asked.field("Range");
    const auto first = range.empty() ? 0 : std::stoul(range.substr(6));
    const auto rest = std::string_view(content).substr(first);
    std::vector<std::pair<std::string, std::string>> fields{
        {"ETag", '"' + tag + '"'}, {"Content-Length", std::to_string(rest.size())}};
    if (!range.empty()) {
      fields.emplace_back("Content-Range",
                          fmt::format("bytes {}-{}/{}", first, content.size() - 1, content.size()));
    }
    return answer(range.empty() ? 200 : 206, rest.substr(0, sent), fields);
  }
};

TEST(HostileS3, ABodyThatIsCutOffGoesOnWhereItStopped) {
  Cutting it;
  ScriptedServer server([&](const Asked& asked) {
    auto said = it.whole_from(asked, ++it.count < 4 ? 30'000 : std::string::npos);
    if (it.count == 2) said.then = Answer::Then::kReset;
    return said;
  });
  const auto store = store_at(server.options());
  EXPECT_TRUE(must(read_all(*store, "k", 1 << 20)) == it.content);
  const auto asked = server.asked();
  ASSERT_GE(asked.size(), 4U);
  EXPECT_EQ(asked[0].field("Range"), "");
  EXPECT_EQ(asked[1].field("Range"), "bytes=30000-");
  EXPECT_EQ(asked[1].field("If-Match"), '"' + it.tag + '"');
}

TEST(HostileS3, ABodyThatIsAlwaysTooShortIsSaid) {
  Cutting it;
  ScriptedServer server([&](const Asked& asked) {
    // Never more than the first ten bytes.
    return it.whole_from(asked, asked.field("Range").empty() ? 10 : 0);
  });
  const auto store = store_at(server.options());
  const auto failed = read_all(*store, "k", 1 << 20);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(failed.error().message, HasSubstr("cut off"));
  EXPECT_EQ(server.asked().size(), 6U) << "one that gave bytes, and five in a row without";
}

TEST(HostileS3, ABodyThatIsCutOffIsAskedForAgainAfterAWaitThatAStopEnds) {
  Cutting it;
  ScriptedServer server([&](const Asked& asked) {
    return it.whole_from(asked, ++it.count == 1 ? 30'000 : std::string::npos);
  });
  auto options = server.options();
  options.first_wait = options.longest_wait = std::chrono::days(365);
  const auto store = store_at(options);
  std::stop_source stop;
  std::atomic<std::size_t> taken = 0;
  std::jthread stopper([&](const std::stop_token& is_over) {
    while (taken < 30'000 && !is_over.stop_requested()) {
      std::this_thread::sleep_for(1ms);
    }
    // Time enough for one that does not wait to ask again, and be done.
    const auto deadline = std::chrono::steady_clock::now() + 200ms;
    while (taken < it.content.size() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
    }
    stop.request_stop();
  });
  const auto ended =
      store->get("k", {.stop = stop.get_token()}, [&](std::string_view piece) -> Result<void> {
        taken += piece.size();
        return {};
      });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(server.asked().size(), 1U);
}

TEST(HostileS3, AnObjectThatIsReplacedMeanwhileIsSaid) {
  Cutting it;
  ScriptedServer server([&](const Asked& asked) {
    return asked.field("If-Match").empty() ? it.whole_from(asked, 50'000)
                                           : refuse(412, "PreconditionFailed");
  });
  const auto failed = read_all(*store_at(server.options()), "k", 1 << 20);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kConflict);
}

TEST(HostileS3, AWrongChecksumIsFound) {
  Cutting it;
  it.tag = md5_of("something else");
  ScriptedServer server(
      [&](const Asked& asked) { return it.whole_from(asked, std::string::npos); });
  const auto store = store_at(server.options());
  const auto failed = read_all(*store, "k", 1 << 20);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(failed.error().message, HasSubstr("MD5"));
  // A tag that is none: of several parts, or of an encryption of its owner's.
  it.tag = md5_of("something else") + "-2";
  EXPECT_TRUE(read_all(*store, "k", 1 << 20));
  EXPECT_FALSE(read_all(*store, "k", 1 << 20, {.digest = sha256("something else")}));
  EXPECT_TRUE(read_all(*store, "k", 1 << 20, {.digest = sha256(it.content)}));
}

TEST(HostileS3, AnswersThatDoNotFitTheQuestionAreRefused) {
  const GetOptions asked_range{.range = ByteRange{10, 19}};
  const std::vector<Answer> wrong{
      answer(200, "all of it"),
      answer(206, "0123456789", {{"Content-Range", "bytes 0-9/100"}}),
      answer(206, "0123456789", {{"Content-Range", "bytes 10-99/100"}}),
      answer(206, "0123456789", {{"Content-Range", "nonsense"}}),
      {"HTTP/1.1 206 Said\r\nConnection: close\r\n\r\nno length"},
  };
  for (const auto& said : wrong) {
    ScriptedServer server([&](const Asked&) { return said; });
    const auto failed = store_at(server.options())->get("k", asked_range, nowhere());
    ASSERT_FALSE(failed) << said.bytes;
    EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt) << failed.error().message;
  }
}

TEST(HostileS3, WhatIsSlowIsWaitedForAsLongAsItMoves) {
  Cutting it;
  ScriptedServer server([&](const Asked& asked) {
    auto said = it.whole_from(asked, std::string::npos);
    said.pause = 200ms;
    return said;
  });
  auto options = server.options();
  options.timeout = 1s;  // half of what all of it takes
  options.retries = 0;
  EXPECT_TRUE(must(read_all(*store_at(options), "k", 1 << 20)) == it.content);
  EXPECT_EQ(server.asked().size(), 1U);
}

TEST(HostileS3, AFileIsThereWhenAllOfItIsAndNotBefore) {
  const testing::TempFolder folder;
  const auto file = folder.path() / "file";
  std::ofstream(file) << "what was there";
  Cutting it;
  for (const bool is_damaged : {false, true}) {
    it.tag = is_damaged ? md5_of("something else") : md5_of(it.content);
    ScriptedServer server([&](const Asked& asked) {
      return it.whole_from(asked, is_damaged                     ? std::string::npos
                                  : asked.field("Range").empty() ? 50'000
                                                                 : 0);
    });
    const auto failed = store_at(server.options())->get_file("k", file);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(text_of(file), "what was there");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  }
}

TEST(HostileS3, SilenceEndsWithATimeout) {
  Cutting it;
  for (const bool is_in_body : {false, true}) {
    ScriptedServer server([&](const Asked& asked) {
      auto said =
          is_in_body ? it.whole_from(asked, asked.field("Range").empty() ? 10 : 0) : Answer{};
      said.then = Answer::Then::kHold;
      return said;
    });
    auto options = server.options();
    options.timeout = 50ms;
    options.retries = 1;
    const auto failed = read_all(*store_at(options), "k", 1 << 20);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kTimeout) << failed.error().message;
    EXPECT_TRUE(failed.error().retryable);
  }
}

TEST(HostileS3, AHundredThousandKeysComeInPages) {
  static constexpr int kCount = 100'000;
  ScriptedServer server([](const Asked& asked) {
    int first = 0;
    if (const auto at = asked.target.find("start-after=n"); at != std::string::npos) {
      first = std::stoi(asked.target.substr(at + 13, 6)) + 1;
    }
    std::string body = "<ListBucketResult><EncodingType>url</EncodingType>";
    const int last = std::min(first + 1000, kCount);
    for (int i = first; i < last; ++i) {
      body += fmt::format(
          "<Contents><Key>n{:06}%20%2B</Key><Size>{}</Size>"
          "<LastModified>2026-11-27T12:00:00.000Z</LastModified></Contents>",
          i, i);
    }
    body += fmt::format("<IsTruncated>{}</IsTruncated></ListBucketResult>", last < kCount);
    return answer(200, body);
  });
  const auto store = store_at(server.options());
  int count = 0;
  must(for_each(*store, "n", {}, [&](const ObjectInfo& object) -> Result<void> {
    EXPECT_EQ(object.key, fmt::format("n{:06} +", count));
    EXPECT_EQ(object.size, static_cast<std::uint64_t>(count));
    ++count;
    return {};
  }));
  EXPECT_EQ(count, kCount);
  EXPECT_EQ(server.asked().size(), 100U);
}

TEST(HostileS3, AListThatLiesIsRefusedAndEnds) {
  const auto contents = [](std::string_view key) {
    return fmt::format("<Contents><Key>{}</Key><Size>1</Size></Contents>", key);
  };
  const std::string truncated = "<IsTruncated>true</IsTruncated>";
  for (const auto& inside :
       {contents("a") + truncated, truncated, contents("p/b") + contents("p/a"), contents("q/x"),
        std::string("<Contents><Key>p/a</Key></Contents>"),
        std::string("<Contents><Size>1</Size></Contents>")}) {
    ScriptedServer server([&](const Asked&) {
      return answer(200, "<ListBucketResult>" + inside + "</ListBucketResult>");
    });
    const auto store = store_at(server.options());
    const auto failed =
        for_each(*store, "p/", {}, [](const ObjectInfo&) -> Result<void> { return {}; });
    ASSERT_FALSE(failed) << inside;
    EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt);
    EXPECT_LE(server.asked().size(), 2U);
  }
}

}  // namespace
}  // namespace vedette::blob::s3

// What every store does alike, whatever it is made of.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/daemon.hpp"
#include "blob/key.hpp"
#include "blob/testing/every_store.hpp"

namespace vedette::blob {
namespace {

using testing::content_of;
using testing::EveryStore;
using testing::must;

constexpr std::size_t kMebi = std::size_t{1} << 20;

// Bytes without a size that is known before.
Source stream_of(std::string content) {
  auto source = from_text(std::move(content));
  source.size.reset();
  return source;
}

Sink nowhere() {
  return [](std::string_view) -> Result<void> { return {}; };
}

TEST_P(EveryStore, GivesBackWhatWasPut) {
  const auto content = content_of(100'000);
  EXPECT_EQ(must(store().put("stills/a.jpg", from_text(content), {.content_type = "image/jpeg"})),
            content.size());
  std::string got;
  const auto info =
      must(store().get("stills/a.jpg", {}, [&](std::string_view piece) -> Result<void> {
        got += piece;
        return {};
      }));
  EXPECT_TRUE(got == content);
  EXPECT_EQ(info.key, "stills/a.jpg");
  EXPECT_EQ(info.size, content.size());
  EXPECT_EQ(info.content_type, "image/jpeg");
  EXPECT_FALSE(info.tag.empty());
  const auto age = SystemClock().now() - info.modified;
  EXPECT_LT(std::chrono::abs(age), std::chrono::minutes(1));

  const auto head = must(store().head("stills/a.jpg"));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->size, content.size());
  EXPECT_EQ(head->content_type, "image/jpeg");
  EXPECT_EQ(head->tag, info.tag);
  EXPECT_EQ(head->modified, info.modified);
}

TEST_P(EveryStore, TakesAnySizeKnownOrNot) {
  // Around the parts of S3 (5 MiB here), and around what is read at once.
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMebi, 5 * kMebi - 1, 5 * kMebi,
                                 5 * kMebi + 1, 13 * kMebi + 7}) {
    const auto content = content_of(size, static_cast<unsigned>(size % 1000));
    EXPECT_EQ(must(store().put("known", from_text(content), {})), size);
    EXPECT_TRUE(get("known") == content) << size;
    EXPECT_EQ(must(store().put("unknown", stream_of(content), {})), size);
    EXPECT_TRUE(get("unknown") == content) << size;
    EXPECT_EQ(must(store().head("unknown"))->size, size);
  }
}

TEST_P(EveryStore, GoesFromFileToFile) {
  const testing::TempFolder folder;
  const auto content = content_of(7 * kMebi + 5);
  const auto from = folder.path() / "from";
  const auto to = folder.path() / "to";
  std::ofstream(from) << content;
  EXPECT_EQ(must(store().put("k", must(from_file(from)), {})), content.size());
  EXPECT_TRUE(get("k") == content);
  std::ofstream(to) << "what was there";
  EXPECT_EQ(must(store().get_file("k", to)).size, content.size());
  EXPECT_TRUE(text_of(to) == content);
  must(store().get_file("k", to, {.range = ByteRange{1, 3}}));
  EXPECT_EQ(text_of(to), content.substr(1, 3));
  EXPECT_EQ(store().get_file("nothing", to).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store().get_file("k", folder.path() / "no/folder").error().code,
            ErrorCode::kUnavailable);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(store().get_file("k", to, {.stop = stop.get_token()}).error().code,
            ErrorCode::kCancelled);
  EXPECT_EQ(text_of(to), content.substr(1, 3)) << "as it was";
  const auto files = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  EXPECT_EQ(files, 2) << "and nothing half beside it";

  const auto empty = folder.path() / "empty";
  std::ofstream(empty).flush();
  EXPECT_EQ(must(store().put("empty", must(from_file(empty)), {})), 0U);
  EXPECT_EQ(get("empty"), "");

  // Cut while it is read: said, and not stored.
  auto source = must(from_file(from));
  std::filesystem::resize_file(from, 1000);
  EXPECT_EQ(store().put("cut", std::move(source), {}).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(must(store().head("cut")));
  EXPECT_EQ(from_file(folder.path() / "nothing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(from_file(folder.path()).error().code, ErrorCode::kInvalid);
}

TEST_P(EveryStore, GivesAnyRange) {
  const auto content = content_of(3 * kMebi);
  put("k", content);
  const auto range = [&](std::uint64_t first, std::optional<std::uint64_t> last) {
    return get("k", {.range = ByteRange{first, last}});
  };
  EXPECT_EQ(range(0, 0), content.substr(0, 1));
  EXPECT_EQ(range(10, 19), content.substr(10, 10));
  EXPECT_TRUE(range(kMebi - 1, 2 * kMebi) == content.substr(kMebi - 1, kMebi + 2));
  EXPECT_EQ(range(3 * kMebi - 5, std::nullopt), content.substr(3 * kMebi - 5));
  EXPECT_EQ(range(3 * kMebi - 5, std::uint64_t{1} << 62), content.substr(3 * kMebi - 5));
  EXPECT_EQ(range(3 * kMebi - 5, UINT64_MAX), content.substr(3 * kMebi - 5));
  EXPECT_TRUE(range(0, std::nullopt) == content);
  const auto info = must(store().get("k", {.range = ByteRange{10, 19}}, nowhere()));
  EXPECT_EQ(info.size, content.size()) << "of the whole object";
  for (const ByteRange& wrong : {ByteRange{3 * kMebi, {}}, ByteRange{5, 4}}) {
    const auto refused = store().get("k", {.range = wrong}, nowhere());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  }
}

TEST_P(EveryStore, KnowsWhatIsNotThere) {
  EXPECT_EQ(must(store().head("nothing")), std::nullopt);
  const auto missing = store().get("nothing", {}, nowhere());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, ::testing::HasSubstr("nothing"));
  put("there", "x");
  EXPECT_EQ(must(store().head("the")), std::nullopt) << "a beginning of a key is none";
  EXPECT_EQ(must(store().head("there/x")), std::nullopt);
  put("folder/x", "x");
  EXPECT_EQ(must(store().head("folder")), std::nullopt);
  EXPECT_EQ(store().get("folder", {}, nowhere()).error().code, ErrorCode::kNotFound);
}

TEST_P(EveryStore, SaysWhereAFileLiesThatIsOne) {
  put("a/b.txt", "content");
  const auto file = must(store().file_of("a/b.txt"));
  ASSERT_EQ(file.has_value(), GetParam() == testing::Kind::kFolder);
  if (file) {
    std::ifstream in(*file);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "content");
  }
  EXPECT_EQ(store().file_of("../b").error().code, ErrorCode::kInvalid);
}

TEST_P(EveryStore, RemovesOnceAndAgain) {
  put("a/b/c", "x");
  must(store().remove("a/b/c"));
  EXPECT_EQ(must(store().head("a/b/c")), std::nullopt);
  must(store().remove("a/b/c"));
  must(store().remove("never/was"));
  put("a/b/c", "y");
  must(store().remove("a/b"));
  EXPECT_EQ(get("a/b/c"), "y");
}

TEST_P(EveryStore, ReplacesAsAWhole) {
  put("k", std::string(kMebi, 'a'));
  const auto before = must(store().head("k"))->tag;
  put("k", "b");
  EXPECT_EQ(get("k"), "b");
  EXPECT_NE(must(store().head("k"))->tag, before);
}

TEST_P(EveryStore, TakesKeysOfAnyLetters) {
  const std::vector<std::string> keys{
      "with blank/a b", "plus+plus",   "equals=a&b", "100%/%41",    "Grüße/雨.jpg",
      "a'b\"c",         "semi;colon,", "q?x#y",      "back\\slash", "tilde~!*()",
      "a:b@c",          "[x]{y}|z",    "<&>",        "...",         ".hidden/.x"};
  for (const auto& key : keys) put(key, key);
  for (const auto& key : keys) {
    EXPECT_EQ(get(key), key);
    const auto page = must(store().list(key, {}));
    ASSERT_EQ(page.objects.size(), 1U) << key;
    EXPECT_EQ(page.objects[0].key, key);
  }
  EXPECT_EQ(must(store().list("", {})).objects.size(), keys.size());
  for (const auto& key : keys) must(store().remove(key));
  EXPECT_TRUE(must(store().list("", {})).objects.empty());
}

TEST_P(EveryStore, RefusesKeysThatAreNone) {
  for (const auto* key : {"", "/a", "a/", "../a", "a/../b", "a\nb", "a//b"}) {
    EXPECT_EQ(store().put(key, from_text("x"), {}).error().code, ErrorCode::kInvalid) << key;
    EXPECT_EQ(store().get(key, {}, nowhere()).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(store().head(key).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(store().remove(key).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(store().link(key, {}).error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(store().list("../", {}).error().code, ErrorCode::kInvalid);
}

TEST_P(EveryStore, ListsInTheOrderOfBytesPageByPage) {
  const std::vector<std::string> keys{"a",    "b-1", "b.txt", "b/1",  "b/2/x", "b/2/y",
                                      "b/20", "b0",  "c/d/e", "c/d0", "ä/x",   "雨"};
  for (const auto& key : keys) put(key, key);
  ASSERT_TRUE(std::ranges::is_sorted(keys));
  const auto listed = [&](std::string_view prefix, int most) {
    std::vector<std::string> found;
    ListOptions asked{.most = most};
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = must(store().list(prefix, asked));
      EXPECT_LE(page.objects.size(), static_cast<std::size_t>(most));
      for (const auto& object : page.objects) {
        EXPECT_EQ(object.size, object.key.size());
        EXPECT_GT(object.modified, Instant{});
        found.push_back(object.key);
      }
      if (!page.next) break;
      asked.after = *page.next;
    }
    return found;
  };
  const auto beginning = [&](std::string_view prefix) {
    std::vector<std::string> wanted;
    std::ranges::copy_if(keys, std::back_inserter(wanted),
                         [&](const auto& key) { return key.starts_with(prefix); });
    return wanted;
  };
  for (const int most : {1, 2, 3, 1000}) {
    for (const auto* prefix : {"", "b", "b/", "b/2", "b/2/", "b/2/x", "c/", "ä", "z", "b/2/x/"}) {
      EXPECT_EQ(listed(prefix, most), beginning(prefix)) << prefix << ' ' << most;
    }
  }
}

TEST_P(EveryStore, GivesManyKeysInPages) {
  constexpr int kCount = 2345;
  for (int i = 0; i < kCount; ++i) put(fmt::format("many/{:03}/{}", i % 3, i), "");
  std::set<std::string> seen;
  must(for_each(store(), "many/", {}, [&](const ObjectInfo& object) -> Result<void> {
    EXPECT_TRUE(seen.insert(object.key).second) << object.key;
    return {};
  }));
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kCount));
  const auto ended = for_each(store(), "many/", {}, [](const ObjectInfo&) -> Result<void> {
    return fail(ErrorCode::kDiskFull, "enough");
  });
  EXPECT_EQ(ended.error().message, "enough");
}

TEST_P(EveryStore, StoresNothingWhenTheSourceFails) {
  put("k", "old");
  for (const std::size_t before : {std::size_t{0}, std::size_t{100}, 12 * kMebi}) {
    for (const bool is_known : {true, false}) {
      std::size_t given = 0;
      Source broken;
      if (is_known) broken.size = before + 100;
      broken.read = [&](std::span<char> room) -> Result<std::size_t> {
        const auto size = std::min(room.size(), before - given);
        if (size == 0) return fail(ErrorCode::kTimeout, "the camera is gone");
        std::ranges::fill(room.first(size), 'x');
        given += size;
        return size;
      };
      const auto failed = store().put("k", std::move(broken), {});
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().message, "the camera is gone");
    }
  }
  EXPECT_EQ(get("k"), "old");
  EXPECT_EQ(must(store().list("", {})).objects.size(), 1U);
}

TEST_P(EveryStore, RefusesASourceThatSaysTheWrongSize) {
  for (const std::size_t real : {std::size_t{10}, 11 * kMebi}) {
    for (const std::uint64_t said : {real - 1, real + 1}) {
      auto source = from_text(std::string(real, 'x'));
      source.size = said;
      const auto refused = store().put("k", std::move(source), {});
      ASSERT_FALSE(refused) << real << ' ' << said;
      EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << refused.error().message;
    }
  }
  EXPECT_EQ(must(store().head("k")), std::nullopt);
}

TEST_P(EveryStore, RefusesAContentTypeThatIsNone) {
  for (const std::string& type : {std::string("a\r\nb: c"), std::string(), std::string(256, 'x')}) {
    EXPECT_EQ(store().put("k", from_text("x"), {.content_type = type}).error().code,
              ErrorCode::kInvalid);
  }
}

TEST_P(EveryStore, PassesTheSinksErrorOn) {
  put("k", content_of(4 * kMebi));
  int pieces = 0;
  const auto failed = store().get("k", {}, [&](std::string_view) -> Result<void> {
    ++pieces;
    return fail(ErrorCode::kDiskFull, "no room here");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no room here");
  EXPECT_EQ(pieces, 1);
  EXPECT_EQ(get("k").size(), 4 * kMebi) << "and is as usable as before";
}

TEST_P(EveryStore, StopsWhenAsked) {
  put("k", content_of(4 * kMebi));
  std::stop_source stop;
  const auto ended =
      store().get("k", {.stop = stop.get_token()}, [&](std::string_view) -> Result<void> {
        stop.request_stop();
        return {};
      });
  EXPECT_EQ(ended.error().code, ErrorCode::kCancelled);

  std::stop_source put_stop;
  Source endless;
  endless.read = [&](std::span<char> room) -> Result<std::size_t> {
    std::ranges::fill(room, 'x');
    put_stop.request_stop();
    return room.size();
  };
  const auto stopped = store().put("new", std::move(endless), {.stop = put_stop.get_token()});
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(must(store().head("new")), std::nullopt);
  EXPECT_EQ(store().list("", {.stop = put_stop.get_token()}).error().code, ErrorCode::kCancelled);
}

TEST_P(EveryStore, ChecksTheDigestOfAContentKey) {
  const auto content = content_of(1000);
  const auto key = content_key("stills", sha256(content), "bin");
  put(key, content);
  EXPECT_EQ(get(key, {.digest = sha256(content)}), content);
  put(key, content_of(1000, 2));
  const auto damaged = store().get(key, {.digest = sha256(content)}, nowhere());
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(damaged.error().message, ::testing::HasSubstr("damaged"));
}

TEST_P(EveryStore, ReadersSeeTheOldOrTheNewNeverAPart) {
  const std::string a(300'000, 'a');
  const std::string b(200'000, 'b');
  put("k", a);
  std::atomic<bool> is_over = false;
  std::vector<std::jthread> readers;
  std::atomic<int> reads = 0;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        const auto got = read_all(store(), "k", kMebi);
        ++reads;
        if (got) {
          EXPECT_TRUE(*got == a || *got == b) << got->size();
        } else {
          EXPECT_EQ(got.error().code, ErrorCode::kConflict) << got.error().message;
        }
      }
    });
  }
  for (int i = 0; i < 40; ++i) put("k", i % 2 == 0 ? b : a);
  is_over = true;
  readers.clear();
  EXPECT_GT(reads, 0);
}

TEST_P(EveryStore, ManyMayWriteAndRemoveSideBySide) {
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 25; ++i) {
        // The same folders come and go under the others' hands.
        const auto key = fmt::format("shared/deep/{}/{}", i % 2, writer);
        EXPECT_TRUE(store().put(key, from_text(key), {}));
        EXPECT_EQ(read_all(store(), key, 100).value_or("?"), key);
        EXPECT_TRUE(store().remove(key));
      }
    });
  }
  writers.clear();
  EXPECT_TRUE(must(store().list("shared/", {})).objects.empty());
}

TEST_P(EveryStore, ReadAllIsBounded) {
  put("k", std::string(100, 'x'));
  EXPECT_EQ(must(read_all(store(), "k", 100)).size(), 100U);
  EXPECT_EQ(read_all(store(), "k", 99).error().code, ErrorCode::kTooLarge);
}

TEST_P(EveryStore, SweepsNothingThatIsWhole) {
  put("k", "x");
  EXPECT_EQ(must(store().sweep(Micros(0))).removed, 0);
  EXPECT_EQ(get("k"), "x");
}

TEST_P(EveryStore, SaysThatAllIsWell) {
  put("k", "x");
  for (const auto& finding : store().check()) {
    EXPECT_EQ(finding.verdict, Finding::Verdict::kOk) << finding.what;
  }
  EXPECT_EQ(must(store().list("", {})).objects.size(), 1U) << "and leaves nothing behind";
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryStore,
                         ::testing::Values(testing::Kind::kFolder, testing::Kind::kS3,
                                           testing::Kind::kS3ByName),
                         testing::kind_name);

}  // namespace
}  // namespace vedette::blob

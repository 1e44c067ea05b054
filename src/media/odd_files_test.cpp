// Files as odd programs leave them: stamps that jump or stand still, phone clips, wide pixels,
// captures with holes, ends that are missing. Written here, packet by packet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "media/frame_source.hpp"
#include "media/test_clip.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

// Gives each picture of an MPEG-TS another stamp: `stamp` is told its number and its own stamp, at
// 90 kHz. Muxers refuse to write what recorders do.
std::string restamped(std::string bytes,
                      const std::function<std::int64_t(int, std::int64_t)>& stamp) {
  const auto at = [&](std::size_t i) -> std::int64_t {
    return static_cast<unsigned char>(bytes[i]);
  };
  int number = 0;
  for (std::size_t packet = 0; packet + 188 <= bytes.size(); packet += 188) {
    if ((at(packet + 1) & 0x40) == 0) continue;  // does not begin anything
    auto pes = packet + 4;
    if ((at(packet + 3) & 0x20) != 0) pes += 1 + static_cast<std::size_t>(at(pes));
    if (at(pes) != 0 || at(pes + 1) != 0 || at(pes + 2) != 1 || (at(pes + 3) & 0xF0) != 0xE0)
      continue;
    const auto flags = at(pes + 7) >> 6;
    const auto put = [&](std::size_t i, std::int64_t value) {
      bytes[i] = static_cast<char>((at(i) & 0xF0) | (value >> 29 & 0xE) | 1);
      bytes[i + 1] = static_cast<char>(value >> 22);
      bytes[i + 2] = static_cast<char>((value >> 14 & 0xFE) | 1);
      bytes[i + 3] = static_cast<char>(value >> 7);
      bytes[i + 4] = static_cast<char>((value << 1 & 0xFE) | 1);
    };
    const auto i = pes + 9;
    const auto own = (at(i) >> 1 & 7) << 30 | at(i + 1) << 22 | (at(i + 2) >> 1) << 15 |
                     at(i + 3) << 7 | at(i + 4) >> 1;
    const auto value = stamp(number++, own) & ((std::int64_t{1} << 33) - 1);
    put(i, value);
    if (flags == 3) put(i + 5, value);
  }
  return bytes;
}

struct Seen {
  int frames = 0;
  Micros last{0};
  int width = 0;
  int height = 0;
  std::optional<Error> error;
  Image first;
};

Seen read_all(const std::string& path) {
  Seen seen;
  SourceOptions options;
  options.url = path;
  auto source = open_source(options);
  if (!source) {
    seen.error = source.error();
    return seen;
  }
  for (;;) {
    auto frame = (*source)->next({});
    if (!frame) {
      seen.error = frame.error();
      continue;
    }
    if (!*frame) break;
    if (seen.frames++ == 0) {
      EXPECT_EQ((*source)->info().width, (*frame)->width());
      EXPECT_TRUE((*frame)->to_bgr(seen.first));
    }
    EXPECT_TRUE(seen.frames == 1 || (*frame)->media_time > seen.last);
    seen.last = (*frame)->media_time;
    seen.width = (*frame)->width();
    seen.height = (*frame)->height();
  }
  return seen;
}

class OddFile : public testing::Test {
 protected:
  std::string write(const std::string& name, const Recipe& recipe) {
    const auto path = (folder_.path() / name).string();
    write_clip(path, recipe);
    return path;
  }
  // The first part of a file, as an interrupted copy leaves it.
  std::string cut(const std::string& path, double share) {
    auto bytes = read_file(path);
    bytes.resize(static_cast<std::size_t>(static_cast<double>(bytes.size()) * share));
    return folder_.write("cut-" + std::filesystem::path(path).filename().string(), bytes).string();
  }
  TestFolder folder_;
};

constexpr double kTruth = 109.0 / 24;

TEST_F(OddFile, StampsThatJumpStrayOrStandStillTakeTheirTime) {
  struct Case {
    const char* name;
    std::function<std::int64_t(int, std::int64_t)> stamp;
  };
  const std::int64_t hours = std::int64_t{90'000} * 30'000;
  const auto plain = read_file(write("plain.ts", {}));
  for (const auto& [name, stamp] : std::vector<Case>{
           {"plain", [](int, auto own) { return own; }},
           {"a jump", [&](int n, auto own) { return n < 55 ? own : own + hours; }},
           {"a jump back", [&](int n, auto own) { return n < 55 ? own + hours : own; }},
           {"a stray each second",
            [&](int n, auto own) { return n % 24 == 20 ? own + hours : own; }},
           {"a stray back each second",
            [](int n, auto own) { return n % 24 == 20 ? own - 90'000 : own; }},
           {"begun again each second", [](int n, auto) { return 90'000 + n % 24 * 3'750; }},
           {"all equal", [](int, auto) { return 9'000; }},
           {"a wrap", [&](int, auto own) { return own + (std::int64_t{1} << 33) - 250'000; }},
       }) {
    const auto seen = read_all(folder_.write("odd.ts", restamped(plain, stamp)).string());
    EXPECT_FALSE(seen.error) << name << ": " << seen.error->message;
    EXPECT_EQ(seen.frames, 110) << name;
    EXPECT_NEAR(to_seconds(seen.last), kTruth, 0.05 * kTruth) << name;
  }
}

TEST_F(OddFile, APhoneClipStandsUpright) {
  for (const double turned : {0.0, 90.0, 180.0, 270.0}) {
    const auto seen = read_all(write("phone.mp4", {.frames = 5, .turned = turned}));
    const bool is_upright = turned == 90 || turned == 270;
    EXPECT_EQ(seen.width, is_upright ? 48 : 64) << turned;
    EXPECT_EQ(seen.height, is_upright ? 64 : 48);
    ASSERT_EQ(seen.first.width(), seen.width);
    // The bright half was on top: a quarter anticlockwise brings it to the left.
    const int corner_left_bottom = seen.first.row(seen.height - 4)[3 * 4];
    const int corner_right_top = seen.first.row(4)[3 * (seen.width - 4)];
    EXPECT_EQ(corner_left_bottom > 128, turned == 90 || turned == 180) << turned;
    EXPECT_EQ(corner_right_top > 128, turned == 0 || turned == 270) << turned;
  }
}

TEST_F(OddFile, WidePixelsBecomeSquare) {
  const auto seen = read_all(write("wide.mp4", {.frames = 3, .width = 32, .pixel = {2, 1}}));
  EXPECT_EQ(seen.width, 64);
  EXPECT_EQ(seen.height, 48);
}

TEST_F(OddFile, ACaptureWithHolesIsWhole) {
  const auto seen = read_all(write("drop.avi", {.is_left_out = [](int n) { return n % 4 == 1; }}));
  EXPECT_EQ(seen.frames, 82);
  EXPECT_FALSE(seen.error) << seen.error->message;
}

TEST_F(OddFile, WhatIsCutOffSaysSo) {
  struct Case {
    const char* name;
    const char* options;
  };
  for (const auto& [name, options] :
       std::vector<Case>{{"fragments.mp4", "frag_keyframe+empty_moov"},
                         {"front.mp4", "faststart"},
                         {"clip.mkv", ""},
                         {"clip.avi", ""}}) {
    const auto whole = write(name, {.options = options});
    const auto all = read_all(whole);
    EXPECT_EQ(all.frames, 110) << name;
    EXPECT_FALSE(all.error) << name << ": " << all.error->message;
    const auto seen = read_all(cut(whole, 0.6));
    EXPECT_GT(seen.frames, 10) << name;
    EXPECT_LT(seen.frames, 110) << name;
    ASSERT_TRUE(seen.error) << name;
    EXPECT_EQ(seen.error->code, ErrorCode::kCorrupt);
    EXPECT_FALSE(seen.error->retryable);
    EXPECT_THAT(seen.error->message, testing::AnyOf(HasSubstr("breaks off"), HasSubstr("cut off")))
        << name;
  }
}

TEST_F(OddFile, WhatCanNeverBeReadIsNotTriedAgain) {
  const auto error = read_all(folder_.write("words.mp4", std::string(5'000, 'x')).string()).error;
  ASSERT_TRUE(error);
  EXPECT_FALSE(error->retryable);
}

}  // namespace
}  // namespace vedette::media

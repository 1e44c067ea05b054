#include "work/fair_share.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

namespace vedette::work {
namespace {

using ::testing::ElementsAre;

constexpr int kAny = 1'000'000;

std::vector<int> shares(std::vector<Sharer> sharers, int loops) {
  return fair_shares(sharers, loops);
}

TEST(FairShare, TwelveOnThreeAreFourEach) {
  EXPECT_THAT(shares({{"a", kAny, 12}, {"b", kAny, 0}, {"c", kAny, 0}}, 12), ElementsAre(4, 4, 4));
}

TEST(FairShare, ARemainderStaysWhereItIs) {
  EXPECT_THAT(shares({{"a", kAny, 4}, {"b", kAny, 5}, {"c", kAny, 4}}, 13), ElementsAre(4, 5, 4));
  EXPECT_THAT(shares({{"b", kAny, 0}, {"a", kAny, 0}}, 3), ElementsAre(1, 2));
}

TEST(FairShare, NobodyGetsMoreThanItMayHold) {
  EXPECT_THAT(shares({{"a", 2, 0}, {"b", 10, 0}}, 12), ElementsAre(2, 10));
  EXPECT_THAT(shares({{"a", 2, 0}, {"b", 10, 0}}, 8), ElementsAre(2, 6));
  EXPECT_THAT(shares({{"a", 2, 0}, {"b", 2, 0}}, 9), ElementsAre(2, 2));
  EXPECT_THAT(shares({{"a", 0, 3}, {"b", 5, 0}}, 3), ElementsAre(0, 3));
  EXPECT_THAT(shares({}, 3), ElementsAre());
}

std::vector<Sharer> any_sharers() {
  const auto count = *rc::gen::inRange(1, 9);
  std::vector<Sharer> sharers;
  for (int i = 0; i < count; ++i) {
    sharers.push_back({.id = fmt::format("p{}", i),
                       .most = *rc::gen::inRange(0, 12),
                       .held = *rc::gen::inRange(0, 20)});
  }
  return sharers;
}

TEST(FairShare, IsWholeBoundedAndEven) {
  EXPECT_TRUE(rc::check("whole, bounded and even", [] {
    const auto sharers = any_sharers();
    const int loops = *rc::gen::inRange(0, 80);
    const auto got = fair_shares(sharers, loops);
    int room = 0;
    for (const Sharer& one : sharers) room += one.most;
    RC_ASSERT(std::accumulate(got.begin(), got.end(), 0) == std::min(loops, room));
    for (std::size_t i = 0; i < got.size(); ++i) {
      RC_ASSERT(got[i] >= 0 && got[i] <= sharers[i].most);
      for (std::size_t k = 0; k < got.size(); ++k) {
        RC_ASSERT(got[i] <= got[k] + 1 || got[k] == sharers[k].most);
      }
    }
  }));
}

// One loop at a time from whoever has too many to whoever has too few: it ends, after as many moves
// as loops were in the wrong place, whatever the order, and then stays.
TEST(FairShare, MovesComeToAnEnd) {
  EXPECT_TRUE(rc::check("moves come to an end", [] {
    auto sharers = any_sharers();
    for (Sharer& one : sharers) one.held = std::min(one.held, one.most);
    int loops = 0;
    for (const Sharer& one : sharers) loops += one.held;
    const auto first = fair_shares(sharers, loops);
    int wrong = 0;
    for (std::size_t i = 0; i < sharers.size(); ++i) {
      wrong += std::max(0, sharers[i].held - first[i]);
    }
    for (int moves = 0;; ++moves) {
      const auto now = fair_shares(sharers, loops);
      std::vector<std::size_t> givers;
      std::vector<std::size_t> takers;
      for (std::size_t i = 0; i < sharers.size(); ++i) {
        if (sharers[i].held > now[i]) givers.push_back(i);
        if (sharers[i].held < now[i]) takers.push_back(i);
      }
      RC_ASSERT(givers.empty() == takers.empty());
      if (givers.empty()) {
        RC_ASSERT(moves == wrong);
        break;
      }
      RC_ASSERT(moves < wrong);
      --sharers[*rc::gen::elementOf(givers)].held;
      ++sharers[*rc::gen::elementOf(takers)].held;
    }
  }));
}

}  // namespace
}  // namespace vedette::work

#include "traffic/tracker_assignment.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace vedette::traffic {
namespace {

constexpr float kAlone = 1.0F;
constexpr float kNotAllowed = 2.0F;

using Costs = std::vector<std::vector<float>>;

// Every choice there is, tried.
float best_sum(const Costs& costs, std::size_t row, std::vector<char>& taken) {
  if (row == costs.size()) return 0;
  float best = kAlone + best_sum(costs, row + 1, taken);
  for (std::size_t c = 0; c < taken.size(); ++c) {
    if (taken[c] || costs[row][c] >= kAlone) continue;
    taken[c] = 1;
    best = std::min(best, costs[row][c] + best_sum(costs, row + 1, taken));
    taken[c] = 0;
  }
  return best;
}

RC_GTEST_PROP(Assignment, IsAsGoodAsTryingEverything, ()) {
  const auto rows = *rc::gen::inRange<std::size_t>(1, 6);
  const auto columns = *rc::gen::inRange<std::size_t>(1, 6);
  Costs costs(rows, std::vector<float>(columns, kNotAllowed));
  Assignment assignment(8, 8);
  assignment.reset(rows, columns);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      if (*rc::gen::inRange(0, 3) == 0) continue;
      costs[r][c] = static_cast<float>(*rc::gen::inRange(0, 100)) / 100.0F;
      assignment.allow(r, c, costs[r][c]);
    }
  }
  std::vector<char> taken(columns, 0);
  const float best = best_sum(costs, 0, taken);

  const auto result = assignment.solve(kAlone);
  RC_ASSERT(result.size() == rows);
  float sum = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    if (result[r] == Assignment::kNone) {
      sum += kAlone;
      continue;
    }
    const auto c = static_cast<std::size_t>(result[r]);
    RC_ASSERT(!taken[c]);
    taken[c] = 1;
    RC_ASSERT(costs[r][c] < kAlone);
    sum += costs[r][c];
  }
  RC_ASSERT(std::abs(sum - best) < 1e-4F);
}

TEST(Assignment, GivesUpTheNearestPairWhenTheSumGains) {
  Assignment assignment(2, 2);
  assignment.reset(2, 2);
  assignment.allow(0, 0, 0.1F);
  assignment.allow(0, 1, 0.2F);
  assignment.allow(1, 0, 0.15F);
  const auto result = assignment.solve(kAlone);
  EXPECT_EQ(result[0], 1);
  EXPECT_EQ(result[1], 0);
}

TEST(Assignment, CanBeUsedAgainForAnotherSize) {
  Assignment assignment(4, 4);
  assignment.reset(3, 2);
  assignment.allow(2, 1, 0.5F);
  EXPECT_EQ(assignment.solve(kAlone)[2], 1);
  assignment.reset(1, 4);
  assignment.allow(0, 3, 0.5F);
  EXPECT_EQ(assignment.solve(kAlone)[0], 3);
  assignment.reset(2, 0);
  EXPECT_EQ(assignment.solve(kAlone)[1], Assignment::kNone);
}

}  // namespace
}  // namespace vedette::traffic

// How many leases of a group each process of a deployment should hold: even shares within what each
// may hold. A pure function that every process computes from the same rows, so that they agree
// without talking; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vedette::work {

/// A living process that could hold leases of the group.
struct Sharer {
  std::string id;
  int most = 0;  // it may hold
  int held = 0;  // it holds now
};

/// The share of each, in the order given: together min(`loops`, the sum of `most`), none beyond its
/// `most`, and no two apart by more than one unless the smaller is at its `most`. What does not
/// divide evenly stays with those who hold more already, so that shares are reached with the fewest
/// moves; ties go by id.
std::vector<int> fair_shares(std::span<const Sharer> sharers, int loops);

}  // namespace vedette::work

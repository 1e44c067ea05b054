// For tests: how often this program asked for memory so far.
#pragma once

namespace vedette::traffic::testing {

long allocations();

}  // namespace vedette::traffic::testing

// Removes what was being stored and never finished (temporary files, parts of uploads): a loop of
// the role keep, one in the deployment. What is wrong with the store is seen on it. Made by serve.
#pragma once

#include <chrono>

#include "base/time.hpp"
#include "work/loop.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::app {

/// `blobs` outlives the loop. Nothing younger than a day is touched: it may be under way.
work::LoopSpec object_keeper_loop(blob::Store& blobs, Micros every = std::chrono::hours(1));

}  // namespace vedette::app

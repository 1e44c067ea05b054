// The threads that go over a picture: each takes block after block; the first error stops them all.
// Inside src/imagery; for the analysis and for the picture's own raster, on the thread of
// analyze().
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/error.hpp"
#include "imagery/block_reader.hpp"

namespace vedette::imagery {

/// What one thread does with a block.
using BlockTask = std::function<Result<>(const Block&)>;

/// As many as were asked for, 0: one a core; never more than there are blocks.
int thread_count(int asked, std::int64_t blocks);

/// A thread for each task, until all blocks are done. `progress`, with the part that is done from 0
/// to 1, is called on the caller's thread. kCancelled when `stop` fires; errors of the tasks and of
/// reading.
Result<> run_crew(BlockReader& reader, std::vector<BlockTask> tasks,
                  const std::function<void(double)>& progress, const std::stop_token& stop);

}  // namespace vedette::imagery

// What is done with each block of an analysis: indices evaluated, figures gathered, tiles of the
// rasters and the preview filled. Each thread has a Worker; their parts are joined at the end.
// Inside src/imagery.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "imagery/block_reader.hpp"
#include "imagery/plan.hpp"
#include "imagery/raster_tiles.hpp"
#include "imagery/statistics.hpp"

namespace vedette::imagery {

inline constexpr int kGrid = 10;

/// Means over the cells of the grid, as the original has it: height / 10 x width / 10 pixels, what
/// remains at the edges left out.
struct GridSums {
  std::array<double, kGrid * kGrid> sum{};
  std::array<std::int64_t, kGrid * kGrid> count{};
};

/// The preview's values: means over factor x factor pixels. Shared by all threads, whose blocks do
/// not overlap.
struct PreviewSums {
  int width = 0;
  int height = 0;
  int factor = 1;
  std::array<std::vector<float>, 3> values;

  void make_for(const Plan& plan, int longest_side);
  void add(const Plan& plan, const Block& block);
};

/// The rasters that are made, by place in plan.indices; others null.
using Rasters = std::vector<std::unique_ptr<RasterTiles>>;

class BlockWorker {
 public:
  /// All outlive it. `preview` may be null.
  BlockWorker(const Plan& plan, Rasters& rasters, PreviewSums* preview);

  Result<> add(const Block& block);
  void merge(const BlockWorker& other);

  const Gatherer& gathered(std::size_t index) const { return gatherers_[index]; }
  std::int64_t data_px(std::size_t index) const { return data_px_[index]; }
  const GridSums& grid(std::size_t index) const { return grids_[index]; }
  std::int64_t valid_px() const { return valid_px_; }
  /// Pixels of a channel that have data, and of these those beyond 0 to 1.2.
  std::int64_t channel_px(std::size_t channel) const { return channel_px_[channel]; }
  std::int64_t implausible_px(std::size_t channel) const { return implausible_px_[channel]; }

 private:
  void count(const Block& block);
  void add_with_grid(std::size_t index, const Block& block);
  Result<> add_tiles(std::size_t index, const Block& block);

  const Plan& plan_;
  Rasters& rasters_;
  PreviewSums* preview_;
  std::vector<Gatherer> gatherers_;
  std::vector<std::int64_t> data_px_;
  std::vector<GridSums> grids_;
  std::vector<bool> is_channel_used_;
  std::int64_t valid_px_ = 0;
  std::vector<std::int64_t> channel_px_;
  std::vector<std::int64_t> implausible_px_;
  std::vector<float> values_;
};

}  // namespace vedette::imagery

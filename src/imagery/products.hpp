// The files of an analysis: made in the scratch folder, handed to the sink, and removed where the
// sink left them. Inside src/imagery; on the thread of analyze().
#pragma once

#include <functional>
#include <stop_token>

#include "imagery/analysis.hpp"
#include "imagery/block_work.hpp"
#include "imagery/plan.hpp"

namespace vedette::imagery {

/// Where products lie until the sink has them; removes what is left when it ends.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make(const std::filesystem::path& inside);
  ~ScratchFolder();
  ScratchFolder(ScratchFolder&&) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// Whether products are wanted at all.
bool wants_products(const AnalyzeOptions& options, const ProductSink* sink);

/// The rasters to be filled while the blocks are read.
Result<Rasters> make_rasters(const Plan& plan, const AnalyzeOptions& options,
                             const std::filesystem::path& folder);

/// Makes and hands over everything; fills analysis.products, .zones and each index's shown range.
/// `progress` is of the picture's own raster. kCancelled.
Result<> make_products(const Plan& plan, const AnalyzeOptions& options, Rasters& rasters,
                       const PreviewSums& preview, const std::filesystem::path& folder,
                       ProductSink& sink, Analysis& analysis,
                       const std::function<void(double)>& progress, const std::stop_token& stop);

}  // namespace vedette::imagery

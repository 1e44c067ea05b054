// Blocks of a picture as floats, calibrated and upright: what the threads of an analysis take one
// after the other. Tiled files are read by all threads at once, each with a file of its own; files
// in rows, which are decoded from the top, by one at a time and in order. Inside src/imagery.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "imagery/plan.hpp"

namespace vedette::imagery {

inline constexpr int kTile = 512;

/// A part of the upright picture: whole tiles but for the picture's right and lower edge.
struct Block {
  Window at;
  /// Samples or radiance of each channel that is read, row after row; of others empty. The
  /// channel's factor and offset make values of them.
  std::vector<std::vector<float>> channels;

  std::size_t pixels() const {
    return static_cast<std::size_t>(at.width) * static_cast<std::size_t>(at.height);
  }
};

class BlockReader {
 public:
  /// Reads the channels for which `wanted` is true. `plan` outlives it.
  BlockReader(const Plan& plan, const ImageLimits& limits, std::vector<bool> wanted);

  /// What one thread reads with.
  class Hand {
   private:
    friend class BlockReader;
    std::vector<std::unique_ptr<ImageFile>> files;
    std::vector<std::byte> samples;
    std::vector<std::uint8_t> mask;
    std::vector<float> unwarped;
  };

  /// Any part of the picture, in no order; `hand` is for this alone.
  Result<> read_at(Hand& hand, const Window& at, Block& block);

  /// The next block into `block`; false: there is none. Any thread, each with its own hand.
  Result<bool> next(Hand& hand, Block& block);

  std::int64_t blocks() const { return blocks_; }

 private:
  Window window(std::int64_t number) const;
  Result<> read(Hand& hand, Block& block);
  Result<> read_file(Hand& hand, std::size_t file, Block& block);
  void finish(const Channel& channel, const Window& stored, std::vector<float>& values) const;
  Result<> read_warped(Hand& hand, std::size_t channel, const Window& stored,
                       std::vector<float>& values);

  const Plan& plan_;
  const ImageLimits limits_;
  const std::vector<bool> wanted_;
  bool is_in_order_;
  int columns_;  // blocks beside each other
  std::int64_t blocks_;
  std::atomic<std::int64_t> next_{0};
  std::mutex order_mutex_;
  Hand shared_;
};

}  // namespace vedette::imagery

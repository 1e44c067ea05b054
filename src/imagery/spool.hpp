// A file of the scratch folder to which tiles are appended as they are made, and out of which the
// finished raster is put together. Removed with the object. Inside src/imagery; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace vedette::imagery {

class Spool {
 public:
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
  };

  static Result<std::unique_ptr<Spool>> make(const std::filesystem::path& path);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// kDiskFull, kUnavailable.
  Result<Place> append(std::span<const std::uint8_t> bytes);
  std::uint64_t bytes() const { return end_; }

  /// A file of a head and of these tiles after it, in their order.
  Result<> write(const std::filesystem::path& path, std::string_view head,
                 std::span<const Place> tiles) const;

 private:
  Spool(std::filesystem::path path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::mutex end_mutex_;
  std::uint64_t end_ = 0;
};

}  // namespace vedette::imagery

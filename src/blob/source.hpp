// Bytes on their way into a store: from memory, from a file, or as somebody makes them. Read once,
// by put(), on the thread that called it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"

namespace vedette::blob {

class FileHandle;

struct Source {
  /// How many there will be, when that is known.
  std::optional<std::uint64_t> size = {};
  /// Fills the front of the span and says how much; 0 at the end. An error of it ends put() and is
  /// passed on.
  std::function<Result<std::size_t>(std::span<char>)> read = {};
  /// Where the bytes are a file's first `size` ones: so that a folder copies them inside the
  /// kernel.
  std::shared_ptr<const FileHandle> file = {};
};

Source from_text(std::string text);

/// kNotFound, kUnavailable when it cannot be opened. A file that grows meanwhile is read up to the
/// size it had.
Result<Source> from_file(const std::filesystem::path& file);

/// Reads until the span is full or the source is at its end; how much.
Result<std::size_t> read_full(Source& source, std::span<char> room);

}  // namespace vedette::blob

// The tags of a TIFF file, or of the EXIF block within a JPEG or PNG, read without trust: every
// offset and count is bounded, a list of directories that runs in a circle is noticed, a fraction
// with denominator 0 is no number. Inside src/imagery. A TagFile is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "imagery/image_file.hpp"

namespace vedette::imagery {

struct TagEntry {
  std::uint16_t id = 0;
  std::uint16_t type = 0;
  std::uint64_t count = 0;
  std::uint64_t offset = 0;  // of the value's bytes in the file
};

struct TagDirectory {
  std::vector<TagEntry> entries;
  std::uint64_t next = 0;
  bool has_duplicates = false;

  /// The first of this id.
  const TagEntry* find(std::uint16_t id) const;
};

class TagFile {
 public:
  /// Bytes that outlive it.
  static TagFile of_memory(std::span<const std::uint8_t> bytes);
  static TagFile of_bytes(std::vector<std::uint8_t> bytes);
  static Result<TagFile> of_file(const std::filesystem::path& path);
  ~TagFile();
  TagFile(TagFile&&) noexcept;
  TagFile& operator=(TagFile&&) noexcept;

  std::uint64_t size() const;
  /// False: not all of it is there.
  bool read(std::uint64_t offset, std::span<std::uint8_t> into) const;

  /// The bytes of a value as they stand; empty when it is longer than `most` or beyond the end.
  std::vector<std::uint8_t> raw(const TagEntry& entry, std::size_t most) const;
  /// Whole numbers and fractions as numbers; a fraction with denominator 0 becomes NaN. At most
  /// `most` of them; empty for what is no number.
  std::vector<double> numbers(const TagEntry& entry, std::size_t most = 64) const;
  /// Up to the first NUL, clean UTF-8, trimmed; else empty.
  std::string text(const TagEntry& entry, std::size_t most = 1024) const;

 private:
  friend Result<TagDirectory> read_directory(const TagFile& file, std::optional<std::uint64_t> at);
  struct Source;
  explicit TagFile(std::unique_ptr<Source> source);
  std::uint64_t number(const std::uint8_t* bytes, int width) const;
  std::unique_ptr<Source> source_;
};

/// The directory at an offset, or the first. kCorrupt with a sentence.
Result<TagDirectory> read_directory(const TagFile& file,
                                    std::optional<std::uint64_t> at = std::nullopt);

/// Follows the list of directories to its end. kCorrupt when it runs in a circle or is longer than
/// any camera or mosaic makes it.
Result<> check_directories(const TagFile& file);

/// What a file carries beside its pixels.
struct EmbeddedMetadata {
  std::optional<TagFile> tags;  // of the TIFF, or of the EXIF block
  std::string xmp;
  /// As the picture's own head claims, before any decoder believes it; 0: not found.
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::string> notes;
};

/// Finds EXIF and XMP by walking the file's own structure. kCorrupt when that is broken.
Result<EmbeddedMetadata> find_metadata(const std::filesystem::path& path, FileKind kind,
                                       const ImageLimits& limits);
/// The same of a file whose bytes are at hand.
Result<EmbeddedMetadata> find_metadata(TagFile file, FileKind kind, const ImageLimits& limits);

}  // namespace vedette::imagery

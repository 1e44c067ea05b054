// TIFF files made for a test, byte by byte: any number of bands and kinds of samples, any tags, and
// anything wrong with them. Knows nothing of the code under test. Only for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace vedette::imagery {

inline std::string little_bytes(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

class TestTiff {
 public:
  struct Tag {
    std::uint16_t type = 4;
    std::uint32_t count = 1;
    std::string bytes;
  };

  /// `samples`: pixel after pixel, bands beside each other, in the file's own type.
  TestTiff(int width, int height, int bands, int bits, int format, std::string samples)
      : samples_(std::move(samples)) {
    number(256, 4, static_cast<std::uint64_t>(width));
    number(257, 4, static_cast<std::uint64_t>(height));
    std::string all_bits;
    std::string all_formats;
    for (int i = 0; i < bands; ++i) {
      all_bits += little_bytes(static_cast<std::uint64_t>(bits), 2);
      all_formats += little_bytes(static_cast<std::uint64_t>(format), 2);
    }
    tag(258, 3, static_cast<std::uint32_t>(bands), all_bits);
    number(259, 3, 1);
    number(262, 3, 1);
    number(277, 3, static_cast<std::uint64_t>(bands));
    number(278, 4, static_cast<std::uint64_t>(height));
    number(284, 3, 1);
    tag(339, 3, static_cast<std::uint32_t>(bands), all_formats);
    if (bands > 1) {
      std::string extra;
      for (int i = 1; i < bands; ++i) extra += little_bytes(0, 2);
      tag(338, 3, static_cast<std::uint32_t>(bands - 1), extra);
    }
  }

  template <class Sample>
  static TestTiff of(int width, int height, int bands, const std::vector<Sample>& samples) {
    std::string bytes(samples.size() * sizeof(Sample), '\0');
    std::memcpy(bytes.data(), samples.data(), bytes.size());
    const int format = std::is_floating_point_v<Sample> ? 3 : std::is_signed_v<Sample> ? 2 : 1;
    return TestTiff(width, height, bands, 8 * static_cast<int>(sizeof(Sample)), format, bytes);
  }

  TestTiff& tag(std::uint16_t id, std::uint16_t type, std::uint32_t count, std::string bytes) {
    tags_[id] = {type, count, std::move(bytes)};
    return *this;
  }
  TestTiff& number(std::uint16_t id, std::uint16_t type, std::uint64_t value) {
    return tag(id, type, 1, little_bytes(value, type == 3 ? 2 : 4));
  }
  TestTiff& text(std::uint16_t id, const std::string& value) {
    return tag(id, 2, static_cast<std::uint32_t>(value.size() + 1), value + '\0');
  }
  TestTiff& without(std::uint16_t id) {
    tags_.erase(id);
    return *this;
  }
  /// Names of bands, as GDAL keeps them.
  TestTiff& names(const std::vector<std::string>& names) {
    std::string items;
    for (std::size_t i = 0; i < names.size(); ++i) {
      items += "<Item name=\"DESCRIPTION\" sample=\"" + std::to_string(i) +
               "\" role=\"description\">" + names[i] + "</Item>";
    }
    return text(42112, "<GDALMetadata>" + items + "</GDALMetadata>");
  }
  /// Points the next directory somewhere.
  TestTiff& next(std::uint32_t offset) {
    next_ = offset;
    return *this;
  }
  /// A directory that a tag of the first one points to.
  TestTiff& directory(std::uint16_t pointer, std::uint16_t type,
                      std::map<std::uint16_t, Tag> tags) {
    below_[pointer] = {type, std::move(tags)};
    return *this;
  }
  static Tag rationals(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& parts) {
    std::string bytes;
    for (const auto& [above, below] : parts)
      bytes += little_bytes(above, 4) + little_bytes(below, 4);
    return {5, static_cast<std::uint32_t>(parts.size()), bytes};
  }
  static Tag letters(const std::string& value) {
    return {2, static_cast<std::uint32_t>(value.size() + 1), value + '\0'};
  }

  std::string bytes() const {
    auto tags = tags_;
    std::string file = std::string("II*\0", 4) + little_bytes(0, 4);
    tags[273] = {4, 1, little_bytes(file.size(), 4)};
    tags[279] = {4, 1, little_bytes(samples_.size(), 4)};
    file += samples_;
    if (file.size() % 2 != 0) file += '\0';
    for (const auto& [pointer, below] : below_) {
      tags[pointer] = {below.first, 1, little_bytes(file.size(), 4)};
      file += written(below.second, file.size(), 0);
    }
    const std::string start = little_bytes(file.size(), 4);
    file.replace(4, 4, start);
    file += written(tags, file.size(), next_);
    return file;
  }

 private:
  static std::string written(const std::map<std::uint16_t, Tag>& tags, std::size_t at,
                             std::uint32_t next) {
    std::string head = little_bytes(tags.size(), 2);
    std::string behind;
    const std::size_t end = at + 2 + tags.size() * 12 + 4;
    for (const auto& [id, tag] : tags) {
      head += little_bytes(id, 2) + little_bytes(tag.type, 2) + little_bytes(tag.count, 4);
      if (tag.bytes.size() <= 4) {
        std::string inside = tag.bytes;
        inside.resize(4, '\0');
        head += inside;
      } else {
        head += little_bytes(end + behind.size(), 4);
        behind += tag.bytes;
        if (behind.size() % 2 != 0) behind += '\0';
      }
    }
    return head + little_bytes(next, 4) + behind;
  }

  std::string samples_;
  std::map<std::uint16_t, Tag> tags_;
  std::map<std::uint16_t, std::pair<std::uint16_t, std::map<std::uint16_t, Tag>>> below_;
  std::uint32_t next_ = 0;
};

}  // namespace vedette::imagery

#include "imagery/tiff_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace vedette::imagery {
namespace {

constexpr std::uint16_t kAscii = 2;
constexpr std::uint16_t kShort = 3;
constexpr std::uint16_t kLong = 4;
constexpr std::uint16_t kLong8 = 16;

std::string little(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

struct Tag {
  std::uint16_t id = 0;
  std::uint16_t type = 0;
  std::uint64_t count = 0;
  std::string bytes;
};

Tag number(std::uint16_t id, std::uint16_t type, std::uint64_t value) {
  return {id, type, 1, little(value, type == kShort ? 2 : 4)};
}

Tag text(std::uint16_t id, const std::string& value) {
  return {id, kAscii, value.size() + 1, value + '\0'};
}

std::string escaped(const std::string& plain) {
  std::string result;
  for (const char c : plain) {
    if (c == '<') {
      result += "&lt;";
    } else if (c == '&') {
      result += "&amp;";
    } else {
      result += c;
    }
  }
  return result;
}

Tag shorts(std::uint16_t id, std::initializer_list<std::uint64_t> values) {
  Tag tag{id, kShort, values.size(), {}};
  for (const std::uint64_t value : values) tag.bytes += little(value, 2);
  return tag;
}

// One directory: a level of the raster, or of its mask.
struct Part {
  const TiffLevel* level = nullptr;
  bool is_overview = false;
  bool is_mask = false;
  std::uint64_t data = 0;  // where its tiles begin

  const std::vector<std::uint32_t>& bytes() const {
    return is_mask ? level->mask_bytes : level->bytes;
  }
};

std::vector<Tag> samples_of(const TiffDescription& d, bool is_mask) {
  if (is_mask) {
    return {number(258, kShort, 1), number(259, kShort, 8),  // deflate
            number(262, kShort, 4),                          // a mask
            number(277, kShort, 1)};
  }
  if (d.is_picture) {
    return {shorts(258, {8, 8, 8}), number(259, kShort, 7),  // JPEG
            number(262, kShort, 6),                          // YCbCr
            number(277, kShort, 3), shorts(530, {2, 2})};
  }
  return {number(258, kShort, d.is_float32 ? 32 : 16),
          number(259, kShort, 8),  // deflate
          number(262, kShort, 1),  // black is zero
          number(277, kShort, 1),
          number(317, kShort, d.is_float32 ? 3 : 2),
          number(339, kShort, d.is_float32 ? 3 : 2),
          text(42113, d.is_float32 ? "nan" : "-32768")};
}

std::string items_of(const TiffDescription& d) {
  std::string items = fmt::format(
      "<Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">{}</Item>", escaped(d.band));
  if (!d.is_float32) {
    items += fmt::format(
        "<Item name=\"SCALE\" sample=\"0\" role=\"scale\">{}</Item>"
        "<Item name=\"OFFSET\" sample=\"0\" role=\"offset\">0</Item>",
        d.scale);
  }
  return items;
}

std::vector<Tag> tags_of(const TiffDescription& d, const Part& part) {
  const std::uint64_t kind = (part.is_overview ? 1U : 0U) | (part.is_mask ? 4U : 0U);
  std::vector<Tag> tags{
      number(254, kLong, kind),
      number(256, kLong, static_cast<std::uint64_t>(part.level->width)),
      number(257, kLong, static_cast<std::uint64_t>(part.level->height)),
      number(284, kShort, 1),
      number(322, kShort, static_cast<std::uint64_t>(d.side)),
      number(323, kShort, static_cast<std::uint64_t>(d.side)),
  };
  for (Tag& tag : samples_of(d, part.is_mask)) tags.push_back(std::move(tag));
  Tag offsets{324, d.is_big ? kLong8 : kLong, part.bytes().size(), {}};
  Tag counts{325, kLong, part.bytes().size(), {}};
  std::uint64_t data = part.data;
  for (const std::uint32_t bytes : part.bytes()) {
    offsets.bytes += little(data, d.is_big ? 8 : 4);
    counts.bytes += little(bytes, 4);
    data += bytes;
  }
  tags.push_back(std::move(offsets));
  tags.push_back(std::move(counts));
  if (!part.is_overview && !part.is_mask) {
    if (!d.is_picture) {
      tags.push_back(text(42112, fmt::format("<GDALMetadata>{}</GDALMetadata>", items_of(d))));
    }
    if (d.place != nullptr) {
      for (const RawTag& raw : *d.place) {
        tags.push_back(
            {raw.id, raw.type, raw.count, std::string(raw.bytes.begin(), raw.bytes.end())});
      }
    }
  }
  std::ranges::sort(tags, {}, &Tag::id);
  return tags;
}

// A directory that stands at `at`: its entries, then what does not fit into them.
std::string directory(const TiffDescription& d, const std::vector<Tag>& tags, std::uint64_t at,
                      bool is_last) {
  const int word = d.is_big ? 8 : 4;
  const std::uint64_t entries =
      (d.is_big ? 8 : 2) + tags.size() * (d.is_big ? 20 : 12) + static_cast<std::uint64_t>(word);
  std::string head = little(tags.size(), d.is_big ? 8 : 2);
  std::string behind;
  for (const Tag& tag : tags) {
    head += little(tag.id, 2) + little(tag.type, 2) + little(tag.count, word);
    if (tag.bytes.size() <= static_cast<std::size_t>(word)) {
      std::string inside = tag.bytes;
      inside.resize(static_cast<std::size_t>(word), '\0');
      head += inside;
      continue;
    }
    head += little(at + entries + behind.size(), word);
    behind += tag.bytes;
    if (behind.size() % 2 != 0) behind += '\0';
  }
  const std::uint64_t end = at + entries + behind.size();
  head += little(is_last ? 0 : end, word);
  return head + behind;
}

}  // namespace

std::string tiff_head(const TiffDescription& d, std::span<const TiffLevel> levels) {
  const auto build = [&](std::uint64_t head_bytes) {
    std::vector<Part> parts;
    for (const TiffLevel& level : levels) {
      const bool is_overview = &level != levels.data();
      parts.push_back({&level, is_overview, false, 0});
      if (!level.mask_bytes.empty()) parts.push_back({&level, is_overview, true, 0});
    }
    std::uint64_t at = head_bytes;
    for (std::size_t level = levels.size(); level-- > 0;) {
      for (Part& part : parts) {
        if (part.level != &levels[level]) continue;
        part.data = at;
        for (const std::uint32_t bytes : part.bytes()) at += bytes;
      }
    }
    std::string head = d.is_big ? std::string("II+\0\x08\0\0\0", 8) + little(16, 8)
                                : std::string("II*\0", 4) + little(8, 4);
    for (const Part& part : parts) {
      head += directory(d, tags_of(d, part), head.size(), &part == &parts.back());
    }
    return head;
  };
  // Its length does not hang on the offsets in it: once to measure, once to write.
  return build(build(0).size());
}

}  // namespace vedette::imagery

#include "imagery/tiff_head.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::vector<Tag> tags_of(const TiffDescription& d, const TiffLevel& level, bool is_overview,
                         std::uint64_t data) {
  std::vector<Tag> tags{
      number(254, kLong, is_overview ? 1 : 0),
      number(256, kLong, static_cast<std::uint64_t>(level.width)),
      number(257, kLong, static_cast<std::uint64_t>(level.height)),
      number(258, kShort, d.is_float32 ? 32 : 16),
      number(259, kShort, 8),  // deflate
      number(262, kShort, 1),  // black is zero
      number(277, kShort, 1),
      number(284, kShort, 1),
      number(317, kShort, d.is_float32 ? 3 : 2),
      number(322, kShort, static_cast<std::uint64_t>(d.side)),
      number(323, kShort, static_cast<std::uint64_t>(d.side)),
      number(339, kShort, d.is_float32 ? 3 : 2),
  };
  Tag offsets{324, d.is_big ? kLong8 : kLong, level.bytes.size(), {}};
  Tag counts{325, kLong, level.bytes.size(), {}};
  for (const std::uint32_t bytes : level.bytes) {
    offsets.bytes += little(data, d.is_big ? 8 : 4);
    counts.bytes += little(bytes, 4);
    data += bytes;
  }
  tags.push_back(std::move(offsets));
  tags.push_back(std::move(counts));
  if (!is_overview) {
    std::string items = fmt::format(
        "<Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">{}</Item>", escaped(d.band));
    if (!d.is_float32) {
      items += fmt::format(
          "<Item name=\"SCALE\" sample=\"0\" role=\"scale\">{}</Item>"
          "<Item name=\"OFFSET\" sample=\"0\" role=\"offset\">0</Item>",
          d.scale);
    }
    tags.push_back(text(42112, fmt::format("<GDALMetadata>{}</GDALMetadata>", items)));
    if (d.place != nullptr) {
      for (const RawTag& raw : *d.place) {
        tags.push_back(
            {raw.id, raw.type, raw.count, std::string(raw.bytes.begin(), raw.bytes.end())});
      }
    }
  }
  tags.push_back(text(42113, d.is_float32 ? "nan" : "-32768"));
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
    std::vector<std::uint64_t> data(levels.size());
    std::uint64_t at = head_bytes;
    for (std::size_t level = levels.size(); level-- > 0;) {
      data[level] = at;
      for (const std::uint32_t bytes : levels[level].bytes) at += bytes;
    }
    std::string head = d.is_big ? std::string("II+\0\x08\0\0\0", 8) + little(16, 8)
                                : std::string("II*\0", 4) + little(8, 4);
    for (std::size_t level = 0; level < levels.size(); ++level) {
      head += directory(d, tags_of(d, levels[level], level > 0, data[level]), head.size(),
                        level + 1 == levels.size());
    }
    return head;
  };
  // Its length does not hang on the offsets in it: once to measure, once to write.
  return build(build(0).size());
}

}  // namespace vedette::imagery

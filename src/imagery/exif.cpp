#include "imagery/exif.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include "base/text.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kMostEntries = 1024;
constexpr std::size_t kMostDirectories = 512;

constexpr std::array<int, 19> kTypeBytes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

int bytes_of_type(std::uint16_t type) {
  return type < kTypeBytes.size() ? kTypeBytes[type] : 0;
}

std::unexpected<Error> damaged(std::string what) {
  return fail(ErrorCode::kCorrupt, "the file is damaged: " + std::move(what));
}

}  // namespace

struct TagFile::Source {
  std::vector<std::uint8_t> owned;
  std::span<const std::uint8_t> bytes;
  int descriptor = -1;
  std::uint64_t size = 0;
  bool is_little = true;
  bool is_big_tiff = false;
  std::uint64_t first = 0;

  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

TagFile::TagFile(std::unique_ptr<Source> source) : source_(std::move(source)) {
  std::array<std::uint8_t, 16> head{};
  const auto have = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), size()));
  if (!read(0, std::span(head).first(have)) || have < 8) return;
  source_->is_little = head[0] == 'I';
  source_->is_big_tiff = number(&head[2], 2) == 43;
  source_->first =
      source_->is_big_tiff ? (have == 16 ? number(&head[8], 8) : 0) : number(&head[4], 4);
}
TagFile::~TagFile() = default;
TagFile::TagFile(TagFile&&) noexcept = default;
TagFile& TagFile::operator=(TagFile&&) noexcept = default;

TagFile TagFile::of_memory(std::span<const std::uint8_t> bytes) {
  auto source = std::make_unique<Source>();
  source->bytes = bytes;
  source->size = bytes.size();
  return TagFile(std::move(source));
}

TagFile TagFile::of_bytes(std::vector<std::uint8_t> bytes) {
  auto source = std::make_unique<Source>();
  source->owned = std::move(bytes);
  source->bytes = source->owned;
  source->size = source->owned.size();
  return TagFile(std::move(source));
}

Result<TagFile> TagFile::of_file(const std::filesystem::path& path) {
  auto source = std::make_unique<Source>();
  source->descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts{};
  if (source->descriptor < 0 || ::fstat(source->descriptor, &facts) != 0) {
    const bool is_missing = errno == ENOENT;
    return fail(is_missing ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                is_missing ? "there is no such file" : "the file cannot be opened",
                std::strerror(errno));
  }
  if (!S_ISREG(facts.st_mode)) return fail(ErrorCode::kUnsupported, "this is no file");
  source->size = static_cast<std::uint64_t>(facts.st_size);
  return TagFile(std::move(source));
}

std::uint64_t TagFile::size() const {
  return source_->size;
}

bool TagFile::read(std::uint64_t offset, std::span<std::uint8_t> into) const {
  if (offset > size() || into.size() > size() - offset) return false;
  if (source_->descriptor < 0) {
    std::ranges::copy(source_->bytes.subspan(offset, into.size()), into.begin());
    return true;
  }
  while (!into.empty()) {
    const ssize_t got =
        ::pread(source_->descriptor, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return true;
}

std::uint64_t TagFile::number(const std::uint8_t* bytes, int width) const {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    value = value << 8 | bytes[source_->is_little ? width - 1 - i : i];
  }
  return value;
}

std::vector<std::uint8_t> TagFile::raw(const TagEntry& entry, std::size_t most) const {
  const auto width = static_cast<std::uint64_t>(bytes_of_type(entry.type));
  if (width == 0 || entry.count == 0 || entry.count > most / width) return {};
  std::vector<std::uint8_t> bytes(entry.count * width);
  if (!read(entry.offset, bytes)) bytes.clear();
  return bytes;
}

std::vector<double> TagFile::numbers(const TagEntry& entry, std::size_t most) const {
  const int width = bytes_of_type(entry.type);
  if (width == 0 || entry.type == 2 || entry.type == 7) return {};
  TagEntry bounded = entry;
  bounded.count = std::min<std::uint64_t>(entry.count, most);
  const auto bytes = raw(bounded, most * 8);
  std::vector<double> values;
  for (std::size_t at = 0; at + static_cast<std::size_t>(width) <= bytes.size();
       at += static_cast<std::size_t>(width)) {
    const std::uint8_t* here = &bytes[at];
    switch (entry.type) {
      case 5:
      case 10: {
        const auto signed_of = [&](const std::uint8_t* part) {
          const auto value = static_cast<std::uint32_t>(number(part, 4));
          return entry.type == 5 ? static_cast<double>(value)
                                 : static_cast<double>(static_cast<std::int32_t>(value));
        };
        const double below = signed_of(here + 4);
        values.push_back(below == 0 ? std::numeric_limits<double>::quiet_NaN()
                                    : signed_of(here) / below);
        break;
      }
      case 6:
        values.push_back(static_cast<std::int8_t>(*here));
        break;
      case 8:
        values.push_back(static_cast<std::int16_t>(number(here, 2)));
        break;
      case 9:
        values.push_back(static_cast<std::int32_t>(number(here, 4)));
        break;
      case 11: {
        const auto bits = static_cast<std::uint32_t>(number(here, 4));
        float value = 0;
        std::memcpy(&value, &bits, sizeof value);
        values.push_back(static_cast<double>(value));
        break;
      }
      case 12: {
        const std::uint64_t bits = number(here, 8);
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        values.push_back(value);
        break;
      }
      case 17:
        values.push_back(static_cast<double>(static_cast<std::int64_t>(number(here, 8))));
        break;
      default:
        values.push_back(static_cast<double>(number(here, width)));
    }
  }
  return values;
}

std::string TagFile::text(const TagEntry& entry, std::size_t most) const {
  if (bytes_of_type(entry.type) != 1) return {};
  const auto bytes = raw(entry, most);
  const auto end = std::ranges::find(bytes, std::uint8_t{0});
  const std::string all(bytes.begin(), end);
  return is_clean_utf8(all) ? std::string(trim(all)) : std::string();
}

const TagEntry* TagDirectory::find(std::uint16_t id) const {
  const auto found = std::ranges::find(entries, id, &TagEntry::id);
  return found == entries.end() ? nullptr : &*found;
}

Result<TagDirectory> read_directory(const TagFile& file, std::optional<std::uint64_t> at) {
  const bool is_big = file.source_->is_big_tiff;
  const std::uint64_t start = at.value_or(file.source_->first);
  const int count_bytes = is_big ? 8 : 2;
  const int offset_bytes = is_big ? 8 : 4;
  const int entry_bytes = is_big ? 20 : 12;
  std::array<std::uint8_t, 8> head{};
  if (start < 8 ||
      !file.read(start, std::span(head).first(static_cast<std::size_t>(count_bytes)))) {
    return damaged("the list of what it holds lies beyond its end; it was not copied whole");
  }
  const std::uint64_t count = file.number(head.data(), count_bytes);
  if (count > kMostEntries) return damaged("it claims more properties than a picture has");
  std::vector<std::uint8_t> bytes(count * static_cast<std::uint64_t>(entry_bytes));
  const std::uint64_t body = start + static_cast<std::uint64_t>(count_bytes);
  if (!file.read(body, bytes)) {
    return damaged("the list of what it holds is cut off; it was not copied whole");
  }
  TagDirectory directory;
  std::set<std::uint16_t> seen;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t place = i * static_cast<std::uint64_t>(entry_bytes);
    const std::uint8_t* here = bytes.data() + place;
    TagEntry entry;
    entry.id = static_cast<std::uint16_t>(file.number(here, 2));
    entry.type = static_cast<std::uint16_t>(file.number(here + 2, 2));
    entry.count = file.number(here + 4, offset_bytes);
    const auto width = static_cast<std::uint64_t>(bytes_of_type(entry.type));
    const std::uint64_t value_place = body + place + 4 + static_cast<std::uint64_t>(offset_bytes);
    const bool is_inside =
        width > 0 && entry.count <= static_cast<std::uint64_t>(offset_bytes) / width;
    entry.offset = is_inside ? value_place : file.number(here + 4 + offset_bytes, offset_bytes);
    if (!seen.insert(entry.id).second) {
      directory.has_duplicates = true;
      continue;  // the first one stands
    }
    directory.entries.push_back(entry);
  }
  std::array<std::uint8_t, 8> next{};
  if (file.read(body + bytes.size(),
                std::span(next).first(static_cast<std::size_t>(offset_bytes)))) {
    directory.next = file.number(next.data(), offset_bytes);
  }
  return directory;
}

Result<> check_directories(const TagFile& file) {
  std::set<std::uint64_t> seen;
  VEDETTE_TRY(first, read_directory(file));
  for (std::uint64_t at = first.next; at != 0;) {
    if (!seen.insert(at).second) {
      return damaged("its list of pictures runs in a circle");
    }
    if (seen.size() > kMostDirectories)
      return damaged("it claims hundreds of pictures in one file");
    auto directory = read_directory(file, at);
    if (!directory) break;  // an overview or thumbnail that is not there; the picture itself may be
    at = directory->next;
  }
  return {};
}

namespace {

constexpr std::uint16_t kTagWidth = 256;
constexpr std::uint16_t kTagHeight = 257;
constexpr std::uint16_t kTagXmp = 700;
constexpr std::size_t kMostSegments = 4096;
constexpr const char* kXmpTooLarge =
    "The description inside the file (XMP) is larger than any camera writes and was left out.";
constexpr std::string_view kExifHead{"Exif\0\0", 6};
constexpr std::string_view kXmpHead{"http://ns.adobe.com/xap/1.0/\0", 29};

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void take_xmp(EmbeddedMetadata& into, std::string_view text, const ImageLimits& limits) {
  if (text.size() > limits.xmp_bytes) {
    into.notes.emplace_back(kXmpTooLarge);
    return;
  }
  if (into.xmp.empty()) into.xmp = text;
}

Result<EmbeddedMetadata> of_tiff(TagFile file, const ImageLimits& limits) {
  EmbeddedMetadata found;
  VEDETTE_CHECK(check_directories(file));
  VEDETTE_TRY(directory, read_directory(file));
  const auto dimension = [&](std::uint16_t id) {
    const TagEntry* entry = directory.find(id);
    const auto values = entry == nullptr ? std::vector<double>{} : file.numbers(*entry, 1);
    return values.empty() || !(values[0] >= 0) || values[0] > 4e9
               ? std::int64_t{0}
               : static_cast<std::int64_t>(values[0]);
  };
  found.width = dimension(kTagWidth);
  found.height = dimension(kTagHeight);
  if (directory.has_duplicates) {
    found.notes.emplace_back("The file states a property twice; the first statement was used.");
  }
  if (const TagEntry* entry = directory.find(kTagXmp)) {
    if (entry->count > limits.xmp_bytes) {
      found.notes.emplace_back(kXmpTooLarge);
    } else {
      take_xmp(found, as_text(file.raw(*entry, limits.xmp_bytes)), limits);
    }
  }
  found.tags = std::move(file);
  return found;
}

bool is_frame_header(int marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

Result<EmbeddedMetadata> of_jpeg(const TagFile& file, const ImageLimits& limits) {
  EmbeddedMetadata found;
  std::uint64_t at = 2;
  for (std::size_t segment = 0; segment < kMostSegments; ++segment) {
    std::array<std::uint8_t, 4> head{};
    if (!file.read(at, head)) {
      return damaged("it ends before the picture begins; it was not copied to its end");
    }
    if (head[0] != 0xFF) return damaged("its parts do not follow each other as in a JPEG");
    if (head[1] == 0xFF) {  // filling
      ++at;
      continue;
    }
    const int marker = head[1];
    if (marker == 0xDA || marker == 0xD9) return found;
    const std::size_t length = static_cast<std::size_t>(head[2]) << 8 | head[3];
    if (length < 2) return damaged("a part of it is shorter than it can be");
    if (is_frame_header(marker)) {
      std::array<std::uint8_t, 5> size{};
      if (!file.read(at + 4, size))
        return damaged("its size is cut off; it was not copied to its end");
      found.height = size[1] << 8 | size[2];
      found.width = size[3] << 8 | size[4];
    }
    if (marker == 0xE1) {
      std::vector<std::uint8_t> body(length - 2);
      if (!file.read(at + 4, body))
        return damaged("its description is cut off; it was not copied to its end");
      const std::string_view text = as_text(body);
      if (text.starts_with(kExifHead) && !found.tags && body.size() > 14) {
        body.erase(body.begin(), body.begin() + kExifHead.size());
        found.tags = TagFile::of_bytes(std::move(body));
      } else if (text.starts_with(kXmpHead)) {
        take_xmp(found, text.substr(kXmpHead.size()), limits);
      }
    }
    at += 2 + length;
  }
  return damaged("it has thousands of parts and no picture");
}

Result<EmbeddedMetadata> of_png(const TagFile& file, const ImageLimits& limits) {
  EmbeddedMetadata found;
  std::uint64_t at = 8;
  for (std::size_t chunk = 0; chunk < kMostSegments; ++chunk) {
    std::array<std::uint8_t, 8> head{};
    if (!file.read(at, head)) break;
    const std::uint64_t length = static_cast<std::uint64_t>(head[0]) << 24 |
                                 static_cast<std::uint64_t>(head[1]) << 16 |
                                 static_cast<std::uint64_t>(head[2]) << 8 | head[3];
    const std::string_view kind = as_text(head).substr(4);
    if (kind == "IHDR") {
      std::array<std::uint8_t, 8> size{};
      if (!file.read(at + 8, size))
        return damaged("its size is cut off; it was not copied to its end");
      const auto four = [&](std::size_t i) {
        return static_cast<std::int64_t>(size[i]) << 24 | size[i + 1] << 16 | size[i + 2] << 8 |
               size[i + 3];
      };
      found.width = four(0);
      found.height = four(4);
    }
    if ((kind == "eXIf" || kind == "iTXt") && length <= limits.xmp_bytes + 100) {
      std::vector<std::uint8_t> body(length);
      if (!file.read(at + 8, body))
        return damaged("its description is cut off; it was not copied to its end");
      constexpr std::string_view kXmpName{"XML:com.adobe.xmp\0\0\0\0\0", 22};
      if (kind == "eXIf" && !found.tags && body.size() > 8) {
        found.tags = TagFile::of_bytes(std::move(body));
      } else if (kind == "iTXt" && as_text(body).starts_with(kXmpName)) {
        take_xmp(found, as_text(body).substr(kXmpName.size()), limits);
      }
    }
    if (kind == "IEND") break;
    at += 12 + length;
  }
  return found;
}

}  // namespace

Result<EmbeddedMetadata> find_metadata(TagFile file, FileKind kind, const ImageLimits& limits) {
  switch (kind) {
    case FileKind::kTiff:
      return of_tiff(std::move(file), limits);
    case FileKind::kJpeg:
      return of_jpeg(file, limits);
    case FileKind::kPng:
      return of_png(file, limits);
    case FileKind::kJpeg2000:
      break;
  }
  return EmbeddedMetadata{};
}

Result<EmbeddedMetadata> find_metadata(const std::filesystem::path& path, FileKind kind,
                                       const ImageLimits& limits) {
  VEDETTE_TRY(file, TagFile::of_file(path));
  return find_metadata(std::move(file), kind, limits);
}

}  // namespace vedette::imagery

#include "media/container_end.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <optional>
#include <span>

namespace vedette::media {
namespace {

// A file of hours in fragments has tens of thousands of parts; more is a trap.
constexpr int kMostParts = 1'000'000;

class Bytes {
 public:
  explicit Bytes(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts{};
    if (file_ >= 0 && fstat(file_, &facts) == 0) size_ = static_cast<std::uint64_t>(facts.st_size);
  }
  ~Bytes() {
    if (file_ >= 0) close(file_);
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  std::uint64_t size() const { return size_; }
  bool read(std::uint64_t at, std::span<std::uint8_t> into) const {
    return at + into.size() <= size_ &&
           pread(file_, into.data(), into.size(), static_cast<off_t>(at)) ==
               static_cast<ssize_t>(into.size());
  }

 private:
  int file_;
  std::uint64_t size_ = 0;
};

std::uint64_t big_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8 | byte;
  return value;
}

// A part that begins at `at` and says it is `length` long.
bool is_past_end(const Bytes& file, std::uint64_t at, std::uint64_t length) {
  return length > file.size() - at;
}

bool is_mp4_cut(const Bytes& file) {
  std::uint64_t at = 0;
  bool awaits_data = false;
  for (int part = 0; part < kMostParts && at < file.size(); ++part) {
    std::uint8_t head[16];
    if (!file.read(at, std::span(head).first(8))) return true;
    std::uint64_t length = big_endian(std::span(head).first(4));
    const std::string_view type(reinterpret_cast<const char*>(head + 4), 4);
    if (length == 1) {
      if (!file.read(at, head)) return true;
      length = big_endian(std::span(head).subspan(8));
    }
    if (length == 0) return false;  // to the end of the file
    if (length < 8) return false;   // not what this is
    if (is_past_end(file, at, length)) return true;
    // A fragment's table tells of data that follow it.
    if (type == "moof") awaits_data = true;
    if (type == "mdat") awaits_data = false;
    at += length;
  }
  return awaits_data;
}

bool is_avi_cut(const Bytes& file) {
  std::uint64_t at = 0;
  for (int part = 0; part < kMostParts; ++part) {
    std::uint8_t head[8];
    if (!file.read(at, head) || std::string_view(reinterpret_cast<char*>(head), 4) != "RIFF") {
      return false;
    }
    const auto length = static_cast<std::uint64_t>(head[4]) | head[5] << 8 | head[6] << 16 |
                        static_cast<std::uint64_t>(head[7]) << 24;
    if (length == 0) return true;  // its writer never came to the end
    if (is_past_end(file, at, length + 8)) return true;
    at += length + 8 + (length & 1);
  }
  return false;
}

// A number of EBML: its length in its leading zeros. nullopt past the end.
struct Ebml {
  std::uint64_t value = 0;
  int length = 0;
  bool is_unknown = false;
};
std::optional<Ebml> read_ebml(const Bytes& file, std::uint64_t at, bool keeps_marker) {
  std::uint8_t bytes[8];
  if (!file.read(at, std::span(bytes).first(1)) || bytes[0] == 0) return {};
  Ebml number;
  number.length = std::countl_zero(bytes[0]) + 1;
  if (!file.read(at, std::span(bytes).first(static_cast<std::size_t>(number.length)))) return {};
  number.value = big_endian(std::span(bytes).first(static_cast<std::size_t>(number.length)));
  const auto marker = std::uint64_t{1} << (7 * number.length);
  if (!keeps_marker) {
    number.value &= marker - 1;
    number.is_unknown = number.value == marker - 1;
  }
  return number;
}

bool is_matroska_cut(const Bytes& file) {
  constexpr std::uint64_t kSegment = 0x18538067;
  constexpr std::uint64_t kCluster = 0x1F43B675;
  std::uint64_t at = 0;
  for (int part = 0; part < kMostParts && at < file.size(); ++part) {
    const auto id = read_ebml(file, at, true);
    if (!id) return true;
    const auto length = read_ebml(file, at + static_cast<unsigned>(id->length), false);
    if (!length) return true;
    const auto head =
        static_cast<std::uint64_t>(id->length) + static_cast<std::uint64_t>(length->length);
    const bool is_opened = id->value == kSegment || (id->value == kCluster && length->is_unknown);
    if (!length->is_unknown && is_past_end(file, at, head + length->value)) return true;
    if (length->is_unknown && !is_opened) return false;
    at += is_opened ? head : head + length->value;
  }
  return false;
}

}  // namespace

bool is_cut_off(const std::string& path, std::string_view format) {
  const Bytes file(path);
  if (file.size() == 0) return false;
  if (format.contains("mp4")) return is_mp4_cut(file);
  if (format == "avi") return is_avi_cut(file);
  if (format.contains("matroska")) return is_matroska_cut(file);
  return false;
}

}  // namespace vedette::media

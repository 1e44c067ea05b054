#include "imagery/intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "blob/store.hpp"
#include "imagery/image_file.hpp"

namespace vedette::imagery {
namespace {

// What tells one kind of picture from another, and a little more.
constexpr std::size_t kHead = 64;
constexpr std::size_t kMostName = 200;
// Of a file, at a time.
constexpr std::size_t kPiece = std::size_t{1} << 18;

// What comes, with its beginning in front again; counts and hashes what passes.
class Passage {
 public:
  Passage(const Pieces& pieces, std::string head, std::int64_t most)
      : pieces_(pieces), held_(std::move(head)), rest_(held_), most_(most) {}

  Result<std::size_t> read(std::span<char> room) {
    auto count = pass(room);
    is_broken_ = !count;
    return count;
  }

  std::int64_t size() const { return size_; }
  std::string digest() { return to_hex(digester_.finish()); }
  /// It ended at what came, not at what took it.
  bool is_broken() const { return is_broken_; }

 private:
  Result<std::size_t> pass(std::span<char> room) {
    if (rest_.empty()) {
      VEDETTE_TRY(next, pieces_());
      rest_ = next;
      if (rest_.empty()) return 0;
    }
    const auto piece = rest_.substr(0, room.size());
    rest_.remove_prefix(piece.size());
    size_ += static_cast<std::int64_t>(piece.size());
    if (size_ > most_) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("The image is larger than {} MiB, the most that is taken "
                              "(imagery.max_image).",
                              most_ >> 20));
    }
    digester_.add(piece);
    std::ranges::copy(piece, room.begin());
    return piece.size();
  }

  const Pieces& pieces_;
  const std::string held_;
  std::string_view rest_;
  const std::int64_t most_;
  std::int64_t size_ = 0;
  bool is_broken_ = false;
  Digester digester_{Digester::Kind::kSha256};
};

// "2026/11/27"
std::string day_of(Instant now) {
  std::string day = to_rfc3339(now).substr(0, 10);
  std::ranges::replace(day, '-', '/');
  return day;
}

}  // namespace

Result<TakenImage> take_image(blob::Store& blobs, std::string_view original_name,
                              const Pieces& pieces, std::int64_t most_bytes, Instant now) {
  std::string head;
  while (head.size() < kHead) {
    VEDETTE_TRY(piece, pieces());
    if (piece.empty()) break;
    head += piece;
  }
  if (head.empty()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is empty: there is no image in it.", original_name));
  }
  const auto start = std::string_view(head).substr(0, kHead);
  const auto kind = kind_of({reinterpret_cast<const std::uint8_t*>(start.data()), start.size()});
  if (!kind) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("'{}' is not an image that can be read here, whatever its name says. "
                            "JPEG, PNG, TIFF and JPEG 2000 are taken.",
                            original_name));
  }
  TakenImage taken;
  taken.id = new_uuid();
  taken.filename = fmt::format("{}-{}{}", to_micros(now) / 1000, random_hex(8), extension(*kind));
  taken.blob_key = fmt::format("fields/images/{}/{}", day_of(now), taken.filename);
  taken.mime_type = media_type(*kind);
  Passage passage(pieces, std::move(head), most_bytes);
  blob::Source source{.size = {},
                      .read = [&passage](std::span<char> room) { return passage.read(room); },
                      .file = {}};
  auto put =
      blobs.put(taken.blob_key, std::move(source), {.content_type = taken.mime_type, .stop = {}});
  if (!put) {
    if (!passage.is_broken()) {
      put.error().message = fmt::format("'{}' could not be stored in {}: {}", original_name,
                                        blobs.place(), put.error().message);
    }
    return fail(std::move(put.error()));
  }
  taken.size = passage.size();
  taken.sha256 = passage.digest();
  return taken;
}

Result<TakenImage> take_file(blob::Store& blobs, const std::filesystem::path& file,
                             std::int64_t most_bytes, Instant now) {
  VEDETTE_TRY(source, blob::from_file(file));
  std::vector<char> room(kPiece);
  const Pieces pieces = [&]() -> Result<std::string_view> {
    VEDETTE_TRY(count, source.read(room));
    return std::string_view(room.data(), count);
  };
  return take_image(blobs, clean_file_name(file.filename().string()), pieces, most_bytes, now);
}

NewImage row_of(const TakenImage& taken, std::string_view original_name, std::string_view base) {
  NewImage image{.id = taken.id,
                 .filename = taken.filename,
                 .original_name = clean_file_name(original_name),
                 .mime_type = taken.mime_type,
                 .file_size = taken.size,
                 .sha256 = taken.sha256,
                 .blob_key = taken.blob_key};
  if (!base.empty()) image.s3_url = std::string(base) + taken.blob_key;
  return image;
}

std::string clean_file_name(std::string_view name) {
  const auto slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string clean(name);
  const bool is_text = is_clean_utf8(clean);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (!is_text && byte >= 0x80)) c = '_';
  }
  if (clean.size() > kMostName) {
    std::size_t end = kMostName;
    while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xc0U) == 0x80U) --end;
    clean.resize(end);
  }
  if (clean.empty() || clean == "." || clean == "..") return "image";
  return clean;
}

}  // namespace vedette::imagery

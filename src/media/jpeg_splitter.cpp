#include "media/jpeg_splitter.hpp"

namespace vedette::media {
namespace {

constexpr std::string_view kStart = "\xFF\xD8\xFF";
constexpr int kEndOfPicture = 0xD9;
constexpr int kStartOfPicture = 0xD8;
constexpr int kStartOfScan = 0xDA;

int at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// Markers without a length behind them.
bool is_lone(int marker) {
  return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7);
}

bool is_frame_header(int marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

}  // namespace

std::optional<std::string_view> JpegSplitter::next() {
  for (;;) {
    if (!is_in_picture_) {
      waiting_.erase(0, begin_);
      begin_ = 0;
      const auto start = waiting_.find(kStart);
      if (start == std::string::npos) {
        // Its first bytes may be here already.
        if (waiting_.size() > kStart.size() - 1) {
          waiting_.erase(0, waiting_.size() - (kStart.size() - 1));
        }
        return {};
      }
      begin_ = start;
      scanned_ = 2;
      is_in_picture_ = true;
      is_in_scan_ = false;
    }
    switch (scan()) {
      case Scan::kMore:
        return {};
      case Scan::kBroken:
        begin_ += scanned_;
        is_in_picture_ = false;
        continue;
      case Scan::kWhole:
        break;
    }
    const auto picture = std::string_view(waiting_).substr(begin_, scanned_);
    begin_ += scanned_;
    is_in_picture_ = false;
    return picture;
  }
}

JpegSplitter::Scan JpegSplitter::scan() {
  const auto bytes = std::string_view(waiting_).substr(begin_);
  for (;;) {
    if (is_in_scan_) {
      const auto marker = bytes.find('\xFF', scanned_);
      if (marker == std::string_view::npos) {
        scanned_ = bytes.size();
        return Scan::kMore;
      }
      scanned_ = marker;
      if (marker + 1 >= bytes.size()) return Scan::kMore;
      const int kind = at(bytes, marker + 1);
      if (kind == 0x00 || is_lone(kind)) {
        scanned_ = marker + 2;
        continue;
      }
      if (kind == 0xFF) {
        scanned_ = marker + 1;
        continue;
      }
      is_in_scan_ = false;
    }
    if (scanned_ + 2 > bytes.size()) return Scan::kMore;
    if (at(bytes, scanned_) != 0xFF) return Scan::kBroken;
    const int kind = at(bytes, scanned_ + 1);
    if (kind == kEndOfPicture) {
      scanned_ += 2;
      return Scan::kWhole;
    }
    if (kind == kStartOfPicture) return Scan::kBroken;
    if (kind == 0xFF) {
      ++scanned_;
      continue;
    }
    if (is_lone(kind)) {
      scanned_ += 2;
      continue;
    }
    if (scanned_ + 4 > bytes.size()) return Scan::kMore;
    const auto length =
        static_cast<std::size_t>(at(bytes, scanned_ + 2) << 8 | at(bytes, scanned_ + 3));
    if (length < 2) return Scan::kBroken;
    if (scanned_ + 2 + length > bytes.size()) return Scan::kMore;
    scanned_ += 2 + length;
    is_in_scan_ = kind == kStartOfScan;
  }
}

PictureSize jpeg_size(std::string_view jpeg) {
  for (std::size_t i = 2; i + 9 <= jpeg.size() && at(jpeg, i) == 0xFF;) {
    const int kind = at(jpeg, i + 1);
    if (is_frame_header(kind)) {
      return {at(jpeg, i + 7) << 8 | at(jpeg, i + 8), at(jpeg, i + 5) << 8 | at(jpeg, i + 6)};
    }
    if (kind == 0xFF) {
      ++i;
      continue;
    }
    i += 2 + static_cast<std::size_t>(is_lone(kind) ? 0 : at(jpeg, i + 2) << 8 | at(jpeg, i + 3));
  }
  return {};
}

}  // namespace vedette::media

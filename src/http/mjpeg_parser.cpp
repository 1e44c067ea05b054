#include "http/mjpeg_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/field_text.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMostHead = 1024;  // with its end

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("the stream of pictures does not parse: {}", what));
}

// The line up to its end, which is taken off too.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find(kLineEnd), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + kLineEnd.size(), text.size()));
  return line;
}

}  // namespace

Result<MjpegParser> MjpegParser::make(std::string_view content_type, std::size_t most_bytes) {
  const auto boundary = field_parameter(content_type, "boundary");
  // RFC 2046 5.1.1: 1 to 70 characters.
  if (!equals_ignoring_case(media_type(content_type), "multipart/x-mixed-replace") || !boundary ||
      boundary->empty() || boundary->size() > 70) {
    return fail(ErrorCode::kUnsupported, "the answer is not a stream of pictures");
  }
  return MjpegParser(fmt::format("--{}", *boundary), most_bytes);
}

MjpegParser::MjpegParser(std::string delimiter, std::size_t most_bytes)
    : delimiter_(std::move(delimiter)), most_bytes_(most_bytes) {}

Result<std::optional<std::string>> MjpegParser::take(std::string_view bytes) {
  std::optional<std::string> newest;
  while (!bytes.empty()) {
    if (missing_ > 0) {
      const auto piece = bytes.substr(0, missing_);
      picture_ += piece;
      missing_ -= piece.size();
      bytes.remove_prefix(piece.size());
      if (missing_ == 0) newest = std::exchange(picture_, {});
      continue;
    }
    const auto had = head_.size();
    head_ += bytes.substr(0, kMostHead - had);
    const auto end = head_.find(kHeadEnd, had - std::min(had, kHeadEnd.size() - 1));
    if (end == std::string::npos) {
      if (head_.size() == kMostHead) return corrupt("a head without end");
      return newest;
    }
    bytes.remove_prefix(end + kHeadEnd.size() - had);
    VEDETTE_TRY(length, read_head(std::string_view(head_).substr(0, end)));
    head_.clear();
    missing_ = length;
    picture_.reserve(length);
  }
  return newest;
}

// The length of the picture that follows.
Result<std::size_t> MjpegParser::read_head(std::string_view head) const {
  if (head.starts_with(kLineEnd)) head.remove_prefix(kLineEnd.size());
  if (take_line(head) != delimiter_) return corrupt("no boundary where one must be");
  std::size_t length = 0;
  bool is_jpeg = false;
  while (!head.empty()) {
    const auto line = take_line(head);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return corrupt("a head's line without a colon");
    const auto name = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "content-type")) {
      is_jpeg = equals_ignoring_case(value, "image/jpeg");
    } else if (equals_ignoring_case(name, "content-length")) {
      const auto [rest, failed] =
          std::from_chars(value.data(), value.data() + value.size(), length);
      if (failed != std::errc{} || rest != value.data() + value.size()) {
        return corrupt("a length that is no number");
      }
    }
  }
  if (!is_jpeg) return corrupt("a part that is no JPEG");
  if (length == 0) return corrupt("a picture without a length");
  if (length > most_bytes_) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("a picture of {} bytes; {} are allowed", length, most_bytes_));
  }
  return length;
}

}  // namespace vedette::http

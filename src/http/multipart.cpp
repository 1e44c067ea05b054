#include "http/multipart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "http/field_text.hpp"
#include "http/url_text.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMostPadding = 64;  // blanks behind a boundary

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("The form does not parse: {}.", what));
}

// Clients write a quote inside the name as \" and a backslash as \\; any other backslash stays, as
// old ones send whole paths of Windows.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_escape =
        text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
    if (is_escape) ++at;
    plain += text[at];
  }
  return plain;
}

// RFC 7578 4.2 forbids `filename*` (RFC 5987) in forms; some clients write it all the same, and
// then it is the name.
std::optional<std::string> file_name_of(std::string_view disposition) {
  constexpr std::string_view kUtf8 = "utf-8'";
  if (const auto extended = field_parameter(disposition, "filename*")) {
    const bool is_utf8 = equals_ignoring_case(extended->substr(0, kUtf8.size()), kUtf8);
    const auto language_end = is_utf8 ? extended->find('\'', kUtf8.size()) : std::string_view::npos;
    if (language_end != std::string_view::npos) {
      if (auto name = percent_decode(extended->substr(language_end + 1), false)) return name;
    }
  }
  const auto name = field_parameter(disposition, "filename");
  if (!name) return std::nullopt;
  return unescaped(*name);
}

/// A part from its header block, which ends before the empty line.
Result<FormPart> parse_part_head(std::string_view head) {
  FormPart part;
  bool has_name = false;
  while (!head.empty()) {
    const auto end = std::min(head.find(kLineEnd), head.size());
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + kLineEnd.size(), head.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return corrupt("a part's header line without a colon");
    const auto field = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(field, "content-disposition")) {
      if (!equals_ignoring_case(media_type(value), "form-data")) {
        return corrupt("a part is not marked as form-data");
      }
      if (const auto name = field_parameter(value, "name")) {
        part.name = *name;
        has_name = true;
      }
      part.file_name = file_name_of(value);
    } else if (equals_ignoring_case(field, "content-type")) {
      part.content_type = value;
    }
  }
  if (!has_name) return corrupt("a part without a name");
  return part;
}

}  // namespace

Result<MultipartReader> MultipartReader::make(std::string_view content_type,
                                              const MultipartLimits& limits) {
  if (!equals_ignoring_case(media_type(content_type), "multipart/form-data")) {
    return fail(ErrorCode::kUnsupported, "The body must be multipart/form-data.");
  }
  const auto boundary = field_parameter(content_type, "boundary");
  // RFC 2046 5.1.1: 1 to 70 characters.
  if (!boundary || boundary->empty() || boundary->size() > 70) {
    return corrupt("its content-type names no usable boundary");
  }
  return MultipartReader(fmt::format("\r\n--{}", *boundary), limits);
}

MultipartReader::MultipartReader(std::string delimiter, const MultipartLimits& limits)
    : delimiter_(std::move(delimiter)), limits_(limits), held_(kLineEnd) {}

Result<void> MultipartReader::feed(std::string_view bytes, const Sink& sink) {
  if (state_ == State::kOver) return {};  // an epilogue is nobody's
  held_ += bytes;
  std::size_t at = 0;
  while (state_ != State::kOver) {
    const State before = state_;
    VEDETTE_TRY(used, step(std::string_view(held_).substr(at), sink));
    if (used == 0 && state_ == before) break;
    at += used;
  }
  held_.erase(0, at);
  return {};
}

Result<void> MultipartReader::finish() const {
  if (state_ == State::kOver) return {};
  return corrupt("it ends before its closing boundary");
}

// How much of `rest` is done with; 0 in the same state: more must come.
Result<std::size_t> MultipartReader::step(std::string_view rest, const Sink& sink) {
  switch (state_) {
    case State::kPreamble:
      return read_preamble(rest);
    case State::kBoundary:
      return read_boundary(rest);
    case State::kHead:
      return read_head(rest, sink);
    case State::kContent:
      return read_content(rest, sink);
    case State::kOver:
      break;
  }
  return 0;
}

Result<std::size_t> MultipartReader::read_preamble(std::string_view rest) {
  const auto found = rest.find(delimiter_);
  const bool is_found = found != std::string_view::npos;
  const auto passed = is_found ? found : rest.size() - std::min(rest.size(), delimiter_.size() - 1);
  preamble_ += passed;
  if (preamble_ > limits_.header_bytes) return corrupt("no boundary where the first must be");
  if (!is_found) return passed;
  state_ = State::kBoundary;
  return found + delimiter_.size();
}

// What follows a delimiter: the end of all, or the end of its line, which stays for the head.
Result<std::size_t> MultipartReader::read_boundary(std::string_view rest) {
  if (rest.size() < 2) return 0;
  if (rest.starts_with("--")) {
    state_ = State::kOver;
    return 2;
  }
  const auto end = rest.substr(0, kMostPadding).find(kLineEnd);
  const auto padding = rest.substr(0, std::min({end, kMostPadding, rest.size()}));
  const bool may_go_on = end == std::string_view::npos && padding.ends_with('\r');
  if (!trim(padding.substr(0, padding.size() - (may_go_on ? 1 : 0))).empty()) {
    return corrupt("text after a boundary");
  }
  if (end == std::string_view::npos) {
    if (rest.size() >= kMostPadding) return corrupt("text after a boundary");
    return 0;
  }
  if (parts_ == limits_.parts) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("The form has more than {} parts.", limits_.parts));
  }
  state_ = State::kHead;
  return end;
}

Result<std::size_t> MultipartReader::read_head(std::string_view rest, const Sink& sink) {
  // From the line end on, so that a part without any header still has its empty line.
  const auto end = rest.substr(0, limits_.header_bytes).find(kHeadEnd);
  if (end == std::string_view::npos) {
    if (rest.size() < limits_.header_bytes) return 0;
    return fail(ErrorCode::kTooLarge, fmt::format("The header of a part of the form is longer than "
                                                  "{} bytes.",
                                                  limits_.header_bytes));
  }
  VEDETTE_TRY(part, parse_part_head(end == 0 ? std::string_view() : rest.substr(2, end - 2)));
  ++parts_;
  state_ = State::kContent;
  skipped_ = 0;
  VEDETTE_CHECK(sink.begin(std::move(part)));
  // The delimiter of an empty part begins with the line end that closes the header.
  return end + kLineEnd.size();
}

Result<std::size_t> MultipartReader::read_content(std::string_view rest, const Sink& sink) {
  const auto found = rest.find(delimiter_);
  const bool is_found = found != std::string_view::npos;
  auto content =
      rest.substr(0, is_found ? found : rest.size() - std::min(rest.size(), delimiter_.size() - 1));
  const auto used = content.size();
  const auto skip = std::min(kLineEnd.size() - skipped_, content.size());
  content.remove_prefix(skip);
  skipped_ += skip;
  if (!content.empty()) VEDETTE_CHECK(sink.content(content));
  if (!is_found) return used;
  state_ = State::kBoundary;
  return found + delimiter_.size();
}

}  // namespace vedette::http

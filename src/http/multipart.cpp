#include "http/multipart.hpp"

#include <fmt/format.h>

#include <string>

#include "http/field_text.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// Fills a part from its header block, which ends before the empty line.
Result<FormPart> parse_part_head(std::string_view head) {
  FormPart part;
  bool has_name = false;
  while (!head.empty()) {
    const auto end = head.find(kLineEnd);
    const auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + kLineEnd.size());
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      return fail(ErrorCode::kCorrupt, "a part of the form has a header line without a colon");
    }
    const auto field = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(field, "content-disposition")) {
      if (!equals_ignoring_case(media_type(value), "form-data")) {
        return fail(ErrorCode::kCorrupt, "a part of the form is not marked as form-data");
      }
      if (const auto name = field_parameter(value, "name")) {
        part.name = *name;
        has_name = true;
      }
      part.file_name = field_parameter(value, "filename");
    } else if (equals_ignoring_case(field, "content-type")) {
      part.content_type = value;
    }
  }
  if (!has_name) return fail(ErrorCode::kCorrupt, "a part of the form has no name");
  return part;
}

Result<std::string_view> find_boundary(std::string_view content_type) {
  if (!equals_ignoring_case(media_type(content_type), "multipart/form-data")) {
    return fail(ErrorCode::kUnsupported, "the body must be multipart/form-data");
  }
  const auto boundary = field_parameter(content_type, "boundary");
  // RFC 2046 5.1.1: 1 to 70 characters.
  if (!boundary || boundary->empty() || boundary->size() > 70) {
    return fail(ErrorCode::kCorrupt, "multipart/form-data without a usable boundary");
  }
  return *boundary;
}

}  // namespace

Result<std::vector<FormPart>> parse_multipart(std::string_view content_type, std::string_view body,
                                              const MultipartLimits& limits) {
  VEDETTE_TRY(boundary, find_boundary(content_type));
  const auto delimiter = fmt::format("\r\n--{}", boundary);
  const auto truncated = [] {
    return fail(ErrorCode::kCorrupt, "the form ends before its closing boundary");
  };

  // The first delimiter may stand at the very start, without its line end; else after a preamble.
  const auto first = std::string_view(delimiter).substr(kLineEnd.size());
  std::size_t at = 0;
  if (body.starts_with(first)) {
    at = first.size();
  } else {
    at = body.find(delimiter);
    if (at == std::string_view::npos) return truncated();
    at += delimiter.size();
  }

  std::vector<FormPart> parts;
  for (;;) {
    auto rest = body.substr(at);
    if (rest.starts_with("--")) return parts;
    const auto line_end = rest.find(kLineEnd);
    if (line_end == std::string_view::npos) return truncated();
    if (!trim(rest.substr(0, line_end)).empty()) {
      return fail(ErrorCode::kCorrupt, "text after a boundary of the form");
    }
    if (parts.size() == limits.parts) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("the form has more than {} parts", limits.parts));
    }
    // From the line end on, so that a part without any header still has its empty line.
    rest.remove_prefix(line_end);
    const auto head_end = rest.substr(0, limits.header_bytes).find(kHeadEnd);
    if (head_end == std::string_view::npos) {
      if (rest.size() <= limits.header_bytes) return truncated();
      return fail(ErrorCode::kTooLarge,
                  fmt::format("the header of a part of the form is longer than {} bytes",
                              limits.header_bytes));
    }
    const auto head = head_end == 0 ? std::string_view() : rest.substr(2, head_end - 2);
    VEDETTE_TRY(part, parse_part_head(head));
    // An empty part's delimiter begins with the line end that closes the header.
    rest.remove_prefix(head_end + 2);
    const auto end = rest.find(delimiter);
    if (end == std::string_view::npos) return truncated();
    part.content = end < 2 ? std::string_view() : rest.substr(2, end - 2);
    at = static_cast<std::size_t>(rest.data() - body.data()) + end + delimiter.size();
    parts.push_back(part);
  }
}

}  // namespace vedette::http

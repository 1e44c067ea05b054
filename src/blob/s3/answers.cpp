#include "blob/s3/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "blob/s3/xml.hpp"

namespace vedette::blob::s3 {
namespace {

constexpr std::size_t kMostSaid = 200;

// What a server says, for a message.
std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : trim(text).substr(0, kMostSaid)) {
    clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  while (!is_clean_utf8(clean)) clean.pop_back();  // cut in the middle of a letter, or never one
  return clean;
}

std::unexpected<Error> unexpected_answer(std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("the answer is not what S3 answers: {}", what));
}

Result<XmlElement> read_document(std::string_view body, std::string_view name) {
  VEDETTE_TRY(root, read_xml(body));
  if (root.name != name) {
    return unexpected_answer(fmt::format("<{}> in place of <{}>", printable(root.name), name));
  }
  return std::move(root);
}

std::optional<int> digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = to_lower(c);
  if (small >= 'a' && small <= 'f') return small - 'a' + 10;
  return std::nullopt;
}

// As encoding-type=url writes keys: some servers write a blank as +.
Result<std::string> decode_key(std::string_view text) {
  std::string key;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      key += ' ';
    } else if (text[at] != '%') {
      key += text[at];
    } else {
      const auto high = at + 2 < text.size() ? digit(text[at + 1]) : std::nullopt;
      const auto low = high ? digit(text[at + 2]) : std::nullopt;
      if (!low) return unexpected_answer("a key with a broken escape");
      key += static_cast<char>(*high * 16 + *low);
      at += 2;
    }
  }
  return key;
}

bool is_true(std::string_view text) {
  return equals_ignoring_case(trim(text), "true");
}

Instant time_of(std::string_view text) {
  return from_rfc3339(trim(text)).value_or(Instant{});
}

}  // namespace

std::optional<ErrorAnswer> read_error(std::string_view body) {
  // A long list is asked too, and is not to be read twice.
  const auto root = read_xml(body, "Error");
  if (!root) return std::nullopt;
  return ErrorAnswer{printable(root->text_of("Code")), printable(root->text_of("Message")),
                     printable(root->text_of("Region")), printable(root->text_of("Endpoint"))};
}

Result<ListAnswer> read_list(std::string_view body) {
  VEDETTE_TRY(root, read_document(body, "ListBucketResult"));
  ListAnswer answer;
  answer.is_truncated = is_true(root.text_of("IsTruncated"));
  const bool is_encoded = equals_ignoring_case(trim(root.text_of("EncodingType")), "url");
  for (const auto& entry : root.children) {
    if (entry.name != "Contents") continue;
    ListedObject object;
    object.key = entry.text_of("Key");
    if (is_encoded) {
      VEDETTE_TRY(key, decode_key(object.key));
      object.key = std::move(key);
    }
    const auto size = read_number(trim(entry.text_of("Size")));
    if (object.key.empty() || !size) return unexpected_answer("an object without key or size");
    object.size = *size;
    object.modified = time_of(entry.text_of("LastModified"));
    object.tag = read_tag(entry.text_of("ETag"));
    answer.objects.push_back(std::move(object));
  }
  return answer;
}

Result<UploadsAnswer> read_uploads(std::string_view body) {
  VEDETTE_TRY(root, read_document(body, "ListMultipartUploadsResult"));
  UploadsAnswer answer;
  answer.is_truncated = is_true(root.text_of("IsTruncated"));
  answer.next_key = root.text_of("NextKeyMarker");
  answer.next_id = root.text_of("NextUploadIdMarker");
  for (const auto& entry : root.children) {
    if (entry.name != "Upload") continue;
    ListedUpload upload{std::string(entry.text_of("Key")), std::string(entry.text_of("UploadId")),
                        time_of(entry.text_of("Initiated"))};
    if (upload.key.empty() || upload.id.empty()) {
      return unexpected_answer("an upload without key or id");
    }
    answer.uploads.push_back(std::move(upload));
  }
  return answer;
}

Result<std::string> read_upload_id(std::string_view body) {
  VEDETTE_TRY(root, read_document(body, "InitiateMultipartUploadResult"));
  const auto id = trim(root.text_of("UploadId"));
  if (id.empty() || id.size() > 4096) return unexpected_answer("an upload without an id");
  return std::string(id);
}

Result<std::string> read_completed(std::string_view body) {
  VEDETTE_TRY(root, read_document(body, "CompleteMultipartUploadResult"));
  return read_tag(root.text_of("ETag"));
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ContentRange> read_content_range(std::string_view field) {
  constexpr std::string_view kUnit = "bytes ";
  field = trim(field);
  if (!field.starts_with(kUnit)) return std::nullopt;
  auto rest = field.substr(kUnit.size());
  const auto first = read_number(cut(rest, '-'));
  const auto last = read_number(cut(rest, '/'));
  const auto total = read_number(rest);
  if (!first || !last || !total || *first > *last || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

std::optional<Instant> read_http_date(std::string_view field) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto words = split(field, ' ');
  if (words.size() != 6 || words[5] != "GMT") return std::nullopt;
  const auto month = std::ranges::find(kMonths, words[2]);
  if (month == kMonths.end() || words[1].size() != 2 || words[3].size() != 4) return std::nullopt;
  // from_rfc3339() knows which days and hours there are.
  return from_rfc3339(
      fmt::format("{}-{:02}-{}T{}Z", words[3], month - kMonths.begin() + 1, words[1], words[4]));
}

std::string read_tag(std::string_view field) {
  field = trim(field);
  if (field.starts_with("W/")) field.remove_prefix(2);
  std::string tag;
  for (const char c : field.substr(0, kMostSaid)) {
    if (c > ' ' && c < 0x7f && c != '"') tag += c;
  }
  return tag;
}

}  // namespace vedette::blob::s3

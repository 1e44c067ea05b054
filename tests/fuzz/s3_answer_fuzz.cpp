// What a server of S3 answers, from any bytes: every reader gives a value or an error, and what it
// gives is fit to be shown and to be asked for again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "blob/s3/answers.hpp"
#include "blob/s3/xml.hpp"

namespace {

namespace s3 = vedette::blob::s3;

void check_shown(std::string_view text) {
  if (text.size() > 200 || !vedette::is_clean_utf8(text)) std::abort();
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  }
}

std::size_t depth_of(const s3::XmlElement& element) {
  std::size_t deepest = 0;
  for (const auto& child : element.children) deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto root = s3::read_xml(input); root && depth_of(*root) > 8) std::abort();
  if (const auto error = s3::read_error(input)) {
    check_shown(error->code);
    check_shown(error->message);
    check_shown(error->region);
    check_shown(error->endpoint);
  }
  if (const auto list = s3::read_list(input)) {
    for (const auto& object : list->objects) {
      if (object.key.empty()) std::abort();
      check_shown(object.tag);
    }
  }
  if (const auto uploads = s3::read_uploads(input)) {
    for (const auto& upload : uploads->uploads) {
      if (upload.key.empty() || upload.id.empty()) std::abort();
    }
  }
  if (const auto id = s3::read_upload_id(input); id && id->empty()) std::abort();
  if (const auto tag = s3::read_completed(input)) check_shown(*tag);
  return 0;
}

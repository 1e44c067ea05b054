#include "blob/s3/xml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <type_traits>

namespace vedette::blob::s3 {
namespace {

constexpr std::size_t kMostDepth = 8;
constexpr std::size_t kMostElements = 100'000;

struct FreeParser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser>;

class Reader {
 public:
  Reader(XML_Parser parser, std::string_view wanted) : parser_(parser), wanted_(wanted) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, &Reader::on_start, &Reader::on_end);
    XML_SetCharacterDataHandler(parser, &Reader::on_text);
    XML_SetStartDoctypeDeclHandler(parser, &Reader::on_doctype);
  }

  XmlElement take_root() { return root_ ? std::move(*root_) : XmlElement{}; }
  std::string_view refusal() const { return refusal_; }

 private:
  static void on_start(void* self, const char* name, const char** /*attributes*/) {
    auto& reader = *static_cast<Reader*>(self);
    if (reader.open_.size() == kMostDepth) return reader.refuse("it is nested too deeply");
    if (++reader.count_ > kMostElements) return reader.refuse("it holds too many elements");
    std::string_view local = name;
    if (const auto colon = local.rfind(':'); colon != std::string_view::npos) {
      local.remove_prefix(colon + 1);
    }
    if (reader.count_ == 1 && !reader.wanted_.empty() && local != reader.wanted_) {
      return reader.refuse("it is about something else");
    }
    reader.open_.push_back(std::make_unique<XmlElement>(std::string(local)));
  }
  static void on_end(void* self, const char* /*name*/) {
    auto& reader = *static_cast<Reader*>(self);
    // After a refusal expat may still call.
    if (reader.open_.empty()) return;
    auto ended = std::move(reader.open_.back());
    reader.open_.pop_back();
    if (reader.open_.empty()) {
      reader.root_ = std::move(ended);
    } else {
      reader.open_.back()->children.push_back(std::move(*ended));
    }
  }
  static void on_text(void* self, const char* text, int size) {
    auto& reader = *static_cast<Reader*>(self);
    if (!reader.open_.empty()) {
      reader.open_.back()->text.append(text, static_cast<std::size_t>(size));
    }
  }
  static void on_doctype(void* self, const char*, const char*, const char*, int) {
    static_cast<Reader*>(self)->refuse("it defines a document type");
  }

  void refuse(std::string_view why) {
    if (refusal_.empty()) refusal_ = why;
    XML_StopParser(parser_, XML_FALSE);
  }

  XML_Parser parser_;
  const std::string wanted_;  // of the root; empty: any
  std::vector<std::unique_ptr<XmlElement>> open_;
  std::unique_ptr<XmlElement> root_;
  std::size_t count_ = 0;
  std::string refusal_;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view wanted) const {
  const auto found = std::ranges::find(children, wanted, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::text_of(std::string_view wanted) const {
  const auto* found = child(wanted);
  return found == nullptr ? std::string_view{} : std::string_view(found->text);
}

Result<XmlElement> read_xml(std::string_view text, std::string_view root) {
  const Parser parser(XML_ParserCreate("UTF-8"));
  if (!parser) return fail(ErrorCode::kInternal, "there is no memory to read an answer in XML");
  Reader reader(parser.get(), root);
  const bool is_short = text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (!is_short || XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) !=
                       XML_STATUS_OK) {
    const auto* why = XML_ErrorString(XML_GetErrorCode(parser.get()));
    return fail(ErrorCode::kCorrupt, fmt::format("the answer is no XML that can be read ({})",
                                                 !is_short                   ? "it is too long"
                                                 : !reader.refusal().empty() ? reader.refusal()
                                                 : why == nullptr            ? "?"
                                                                             : why));
  }
  return reader.take_root();
}

}  // namespace vedette::blob::s3

// A server's answer in XML as a small tree. The bytes are foreign: sizes, depth and number are
// bounded, and no document may define anything (no DOCTYPE, so no entities). Used by answers.hpp.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace vedette::blob::s3 {

struct XmlElement {
  std::string name;  // without the prefix of a namespace
  std::string text;
  std::vector<XmlElement> children;

  /// The first child of that name, or nullptr.
  const XmlElement* child(std::string_view wanted) const;
  /// The text of the first child of that name, or empty.
  std::string_view text_of(std::string_view wanted) const;
};

/// kCorrupt for what is no well-formed XML, nested deeper than 8, of more than 100,000 elements, or
/// with a DOCTYPE; and where `root` is not empty and the root has another name, behind which
/// nothing is read then.
Result<XmlElement> read_xml(std::string_view text, std::string_view root = {});

}  // namespace vedette::blob::s3

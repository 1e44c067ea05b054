// The XMP packet of a picture as a flat table of names and values, read as XML and never searched
// as text. Lists may be one element a number or one element with a comma list; both come out the
// same. Inside src/imagery; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vedette::imagery {

class Xmp {
 public:
  /// Of a packet that may be padded. What is no XML gives an empty table. Nested deeper or holding
  /// more values than any camera writes: the rest is left out.
  static Xmp parse(std::string_view packet);

  /// By "Camera:BandName": the prefix as cameras write it. The first of several.
  std::optional<std::string> text(std::string_view key) const;
  /// The first of these keys that is there: makers name things differently.
  std::optional<std::string> text(std::initializer_list<std::string_view> keys) const;
  std::optional<double> number(std::initializer_list<std::string_view> keys) const;
  /// All numbers of a list in either form; empty: absent, or one of them is no number.
  std::vector<double> numbers(std::initializer_list<std::string_view> keys) const;
  /// All elements of a list.
  std::vector<std::string> list(std::initializer_list<std::string_view> keys) const;

  bool is_empty() const { return values_.empty(); }
  bool has(std::string_view key) const { return values_.find(key) != values_.end(); }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// A finite number and nothing after it but blanks; accepts a leading plus and "a/b".
std::optional<double> parse_number(std::string_view text);

}  // namespace vedette::imagery

#include "imagery/xmp.hpp"

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <pugixml.hpp>

#include "base/text.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kMostValues = 4096;
constexpr int kMostDepth = 32;

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

class Reader {
 public:
  using Values = std::map<std::string, std::vector<std::string>, std::less<>>;
  explicit Reader(Values& values) : values_(values) {}

  void walk(const pugi::xml_node& node, int depth) {
    if (depth > kMostDepth) return;
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      if (local_name(child.name()) == "Description") {
        describe(child, depth);
      } else {
        walk(child, depth + 1);
      }
    }
  }

 private:
  void describe(const pugi::xml_node& description, int depth) {
    for (const pugi::xml_attribute& attribute : description.attributes()) {
      const std::string_view name = attribute.name();
      if (name.starts_with("xmlns") || name == "rdf:about") continue;
      add(name, {attribute.value()});
    }
    for (const pugi::xml_node& property : description.children()) {
      if (property.type() != pugi::node_element) continue;
      std::vector<std::string> values;
      for (const pugi::xml_node& holder : property.children()) {
        const std::string_view kind = local_name(holder.name());
        if (kind != "Seq" && kind != "Bag" && kind != "Alt") continue;
        for (const pugi::xml_node& item : holder.children()) {
          if (values.size() < kMostValues) values.emplace_back(trim(item.child_value()));
        }
      }
      if (values.empty()) values.emplace_back(trim(property.child_value()));
      add(property.name(), std::move(values));
      walk(property, depth + 1);
    }
  }

  void add(std::string_view name, std::vector<std::string> values) {
    if (total_ + values.size() > kMostValues) return;
    total_ += values.size();
    values_.try_emplace(std::string(name), std::move(values));
  }

  Values& values_;
  std::size_t total_ = 0;
};

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [at, problem] = std::from_chars(begin, end, value);
  if (problem != std::errc() || !std::isfinite(value)) return std::nullopt;
  if (at == end) return value;
  if (*at != '/') return std::nullopt;
  double below = 0;
  const auto [after, second] = std::from_chars(at + 1, end, below);
  if (second != std::errc() || after != end || below == 0 || !std::isfinite(value / below)) {
    return std::nullopt;
  }
  return value / below;
}

Xmp Xmp::parse(std::string_view packet) {
  Xmp xmp;
  // Padding behind the packet is no XML.
  const auto end = packet.rfind('>');
  if (end == std::string_view::npos) return xmp;
  packet = packet.substr(0, end + 1);
  pugi::xml_document document;
  const auto parsed =
      document.load_buffer(packet.data(), packet.size(), pugi::parse_default, pugi::encoding_utf8);
  // A packet that is broken at its end still says what it said before.
  if (!parsed && document.empty()) return xmp;
  Reader(xmp.values_).walk(document, 0);
  return xmp;
}

std::optional<std::string> Xmp::text(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end() || found->second.empty() || found->second.front().empty()) {
    return std::nullopt;
  }
  return is_clean_utf8(found->second.front()) ? std::optional(found->second.front()) : std::nullopt;
}

std::optional<std::string> Xmp::text(std::initializer_list<std::string_view> keys) const {
  for (const std::string_view key : keys) {
    if (auto found = text(key)) return found;
  }
  return std::nullopt;
}

std::optional<double> Xmp::number(std::initializer_list<std::string_view> keys) const {
  for (const std::string_view key : keys) {
    const auto found = text(key);
    if (!found) continue;
    if (const auto value = parse_number(*found)) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Xmp::list(std::initializer_list<std::string_view> keys) const {
  for (const std::string_view key : keys) {
    const auto found = values_.find(key);
    if (found == values_.end()) continue;
    std::vector<std::string> items;
    for (const std::string& value : found->second) {
      for (const std::string_view item : split(value, ',')) items.emplace_back(item);
    }
    if (!items.empty()) return items;
  }
  return {};
}

std::vector<double> Xmp::numbers(std::initializer_list<std::string_view> keys) const {
  std::vector<double> values;
  for (const std::string& item : list(keys)) {
    const auto value = parse_number(item);
    if (!value) return {};
    values.push_back(*value);
  }
  return values;
}

}  // namespace vedette::imagery

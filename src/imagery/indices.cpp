#include "imagery/indices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "imagery/xmp.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kMostName = 40;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMostName && text[0] >= 'a' && text[0] <= 'z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::unexpected<Error> wrong(std::string_view text, std::string_view what) {
  return fail(ErrorCode::kUsage, fmt::format("the index \"{}\" cannot be used: {}", text, what));
}

Result<> read_part(std::string_view text, std::string_view part, IndexDefinition& into) {
  if (part == "reflectance") {
    into.needs = Needs::kReflectance;
    return {};
  }
  if (part == "scaled") {
    into.needs = Needs::kScaled;
    return {};
  }
  const auto dots = part.find("..");
  if (dots != std::string_view::npos) {
    const auto low = parse_number(part.substr(0, dots));
    const auto high = parse_number(part.substr(dots + 2));
    if (low && high && *low < *high) {
      into.low = low;
      into.high = high;
      return {};
    }
  }
  return wrong(text, fmt::format("'{}' is neither a range such as -1..1 nor the word reflectance "
                                 "or scaled",
                                 part));
}

}  // namespace

Result<IndexDefinition> parse_user_index(std::string_view text) {
  std::string_view rest = text;
  const std::string_view name = trim(cut(rest, '='));
  if (!is_name(name)) {
    return wrong(text,
                 "write name = formula; the name has small letters, digits and underscores, "
                 "and begins with a letter");
  }
  if (find_index(name) != nullptr) {
    return wrong(text, fmt::format("{} is the name of a built-in index; choose another", name));
  }
  IndexDefinition definition;
  definition.name = name;
  definition.title = name;
  definition.source = "your settings";
  definition.is_default = true;
  definition.formula = trim(cut(rest, ';'));
  while (!rest.empty()) {
    const std::string_view part = trim(cut(rest, ';'));
    if (!part.empty()) VEDETTE_CHECK(read_part(text, part, definition));
  }
  VEDETTE_TRY(formula, Formula::parse(definition.formula));
  static_cast<void>(formula);
  return definition;
}

Result<std::vector<Index>> make_indices(std::span<const std::string> wanted,
                                        std::span<const IndexDefinition> user) {
  std::vector<const IndexDefinition*> all;
  for (const IndexDefinition& each : index_table()) all.push_back(&each);
  for (const IndexDefinition& each : user) {
    if (std::ranges::any_of(all, [&](const auto* known) { return known->name == each.name; })) {
      return fail(ErrorCode::kUsage, fmt::format("two indices are called {}", each.name));
    }
    all.push_back(&each);
  }
  std::vector<const IndexDefinition*> chosen;
  for (const std::string& name : wanted) {
    const auto found =
        std::ranges::find_if(all, [&](const auto* each) { return each->name == name; });
    if (found == all.end()) {
      std::string known;
      for (const auto* each : all) known += (known.empty() ? "" : ", ") + each->name;
      return fail(ErrorCode::kUsage,
                  fmt::format("no index is called '{}'; known are {}", name, known));
    }
    if (std::ranges::find(chosen, *found) != chosen.end()) {
      return fail(ErrorCode::kUsage, fmt::format("the index {} is named twice", name));
    }
    chosen.push_back(*found);
  }
  if (wanted.empty()) {
    std::ranges::copy_if(all, std::back_inserter(chosen),
                         [](const auto* each) { return each->is_default; });
  }
  std::vector<Index> indices;
  for (const IndexDefinition* each : chosen) {
    VEDETTE_TRY(formula, Formula::parse(each->formula));
    indices.push_back({*each, std::move(formula)});
  }
  return indices;
}

}  // namespace vedette::imagery

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "config/sources.hpp"

namespace vedette::config {
namespace {

// toml++ frees nested tables recursively: a key of 100,000 dots would exhaust the stack. A settings
// file has one or two dots a line.
constexpr std::ptrdiff_t kMaxDots = 4096;

struct Reader {
  std::string_view file;
  std::vector<Given>& into;

  Result<> table(const toml::table& values, const std::string& prefix) const;
  Result<> node(const toml::node& value, const std::string& name) const;
  Error error(const toml::node& at, std::string_view what) const {
    return {
        ErrorCode::kUsage, fmt::format("{}:{}: {}", file, at.source().begin.line, what), false, {}};
  }
};

std::string unknown(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& declaration : declarations()) names.emplace_back(declaration.name);
  if (const auto like = nearest(name, names)) {
    return fmt::format("there is no setting {}; did you mean {}?", name, *like);
  }
  return fmt::format("there is no setting {}; `vedette config` lists all", name);
}

bool is_group(std::string_view name) {
  return std::ranges::any_of(declarations(), [&](const Declaration& declaration) {
    return declaration.name.size() > name.size() && declaration.name.starts_with(name) &&
           declaration.name[name.size()] == '.';
  });
}

std::string_view type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::optional<std::string> as_text(const toml::node& value, Kind kind) {
  const auto takes_integer = kind == Kind::kInteger || kind == Kind::kNumber ||
                             kind == Kind::kSize || kind == Kind::kDuration;
  if (const auto* text = value.as_string(); text != nullptr) {
    // Numbers and flags are written without quotes: a type is a type.
    if (kind == Kind::kInteger || kind == Kind::kNumber || kind == Kind::kBoolean) return {};
    return text->get();
  }
  if (const auto* whole = value.as_integer(); whole != nullptr && takes_integer) {
    return fmt::format("{}", whole->get());
  }
  if (const auto* number = value.as_floating_point(); number != nullptr && kind == Kind::kNumber) {
    return fmt::format("{}", number->get());
  }
  if (const auto* flag = value.as_boolean(); flag != nullptr && kind == Kind::kBoolean) {
    return flag->get() ? "true" : "false";
  }
  if (const auto* list = value.as_array(); list != nullptr && kind == Kind::kList) {
    std::string joined;
    for (const auto& element : *list) {
      const auto* word = element.as_string();
      if (word == nullptr || word->get().contains(',')) return {};
      if (!joined.empty()) joined += ',';
      joined += word->get();
    }
    return joined;
  }
  return {};
}

Result<> Reader::node(const toml::node& value, const std::string& name) const {
  const auto* declaration = find_declaration(name);
  if (declaration == nullptr) {
    if (const auto* inner = value.as_table(); inner != nullptr) {
      // A group nobody knows is reported by its first setting, where a likely name can be found.
      if (is_group(name) || !inner->empty()) return table(*inner, name + '.');
    }
    if (is_group(name)) {
      return fail(error(value, fmt::format("{0} is a group of settings: write [{0}] on a line of "
                                           "its own and its settings below",
                                           name)));
    }
    return fail(error(value, unknown(name)));
  }
  auto text = as_text(value, declaration->shape.kind);
  if (!text) {
    return fail(error(value, fmt::format("{} is {} here; it should be {}", name, type_of(value),
                                         describe(declaration->shape))));
  }
  into.push_back({declaration, *std::move(text), Origin::kFile,
                  fmt::format("{}:{}", file, value.source().begin.line)});
  return {};
}

Result<> Reader::table(const toml::table& values, const std::string& prefix) const {
  for (const auto& [key, value] : values) {
    auto name = prefix + std::string(key.str());
    if (name.size() > 200) return fail(error(value, "this name is too long for a setting"));
    if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
      return fail(error(value, "this name holds a control character"));
    }
    VEDETTE_CHECK(node(value, name));
  }
  return {};
}

}  // namespace

Result<std::vector<Given>> read_toml(const SourceText& source) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::kUsage, fmt::format("{}: {}", source.name, what));
  };
  if (source.text.size() > kMaxFileBytes) {
    return refuse("the file is larger than 1 MiB, which no settings need");
  }
  if (std::ranges::count(source.text, '.') > kMaxDots) {
    return refuse("the file holds more than 4,096 dots; this is not a settings file");
  }
  std::vector<Given> given;
  try {
    const toml::table root = toml::parse(std::string_view(source.text));
    VEDETTE_CHECK((Reader{source.name, given}.table(root, "")));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kUsage, fmt::format("{}:{}: not valid TOML: {}", source.name,
                                               error.source().begin.line, error.description()));
  } catch (const std::exception& error) {
    return refuse(fmt::format("cannot be read: {}", error.what()));
  }
  return given;
}

}  // namespace vedette::config

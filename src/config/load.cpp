#include "config/load.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <system_error>

#include "base/address.hpp"
#include "config/sources.hpp"
#include "config/table.hpp"

namespace vedette::config {
namespace {

namespace fs = std::filesystem;

// Names of ours in the environment that are no settings.
constexpr std::array<std::string_view, 4> kOtherNames{"VEDETTE_CONFIG", "VEDETTE_DEPS",
                                                      "VEDETTE_PEERS", "VEDETTE_PROGRAM"};

// What is known of one setting so far.
struct Slot {
  std::string text;
  Origin origin = Origin::kDefault;
  std::string where = "default";
};

class Resolver {
 public:
  explicit Resolver(const Inputs& inputs) : inputs_(inputs) {}

  Result<Loaded> resolve();

 private:
  Result<> take(const Given& given);
  Result<> take_environment(const std::vector<Variable>& variables, Origin origin);
  Result<> check_name(const Variable& variable);
  Result<> take_flags();
  Result<> fill_defaults();
  Result<std::string> absolute(const Declaration& declaration, const Slot& slot) const;
  Result<> publish();
  Slot* slot(std::string_view name);

  const Inputs& inputs_;
  std::map<std::string_view, Slot> slots_;
  Loaded loaded_;
};

std::string echo(const Declaration& declaration, std::string_view text) {
  // Neither secrets nor what may hold one.
  if (declaration.is_secret || declaration.shape.kind == Kind::kDatabase) {
    return fmt::format("the value of {}", declaration.name);
  }
  return fmt::format("{} = {}", declaration.name, shown(text));
}

std::string_view lookup(const TextMap& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? std::string_view{} : std::string_view(found->second);
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names(kOtherNames.begin(), kOtherNames.end());
  for (const auto& declaration : declarations()) {
    names.push_back(environment_name(declaration));
    if (!declaration.short_environment.empty()) names.emplace_back(declaration.short_environment);
  }
  return names;
}

// Only a path that is one: neither "none" nor "".
bool is_path(const Declaration& declaration, std::string_view text) {
  return declaration.shape.kind == Kind::kPath && !text.empty() &&
         std::ranges::find(declaration.shape.choices, text) == declaration.shape.choices.end();
}

Slot* Resolver::slot(std::string_view name) {
  const auto found = slots_.find(name);
  return found == slots_.end() ? nullptr : &found->second;
}

// Checks a value and keeps it; later calls come from higher origins and win.
Result<> Resolver::take(const Given& given) {
  const auto& declaration = *given.declaration;
  auto value = parse_value(declaration.shape, given.text);
  if (!value) {
    return fail(ErrorCode::kUsage, fmt::format("{}: {} is not right; it should be {}", given.where,
                                               echo(declaration, given.text), value.error()));
  }
  Slot slot{format_value(declaration.shape, *value), given.origin, given.where};
  VEDETTE_TRY(text, absolute(declaration, slot));
  slot.text = std::move(text);
  slots_[declaration.name] = std::move(slot);
  return {};
}

// Relative paths of the file start at its folder, all others at the working folder.
Result<std::string> Resolver::absolute(const Declaration& declaration, const Slot& slot) const {
  std::string_view scheme;
  std::string_view text = slot.text;
  if (declaration.shape.kind == Kind::kDatabase && text.starts_with("sqlite:")) {
    scheme = "sqlite:";
    text.remove_prefix(scheme.size());
    if (text.starts_with(':')) return slot.text;
  } else if (!is_path(declaration, text)) {
    return slot.text;
  }
  fs::path path(text);
  if (text == "~" || text.starts_with("~/")) {
    const auto home = lookup(inputs_.environment, "HOME");
    if (home.empty()) {
      return fail(ErrorCode::kUsage,
                  fmt::format("{}: {} starts with ~, and HOME is not set; write the whole path",
                              slot.where, echo(declaration, slot.text)));
    }
    path = fs::path(home) / text.substr(std::min<std::size_t>(2, text.size()));
  }
  if (path.is_relative() && slot.origin == Origin::kFile && inputs_.toml) {
    path = fs::path(inputs_.toml->name).parent_path() / path;
  }
  return std::string(scheme) + (inputs_.working_dir / path).lexically_normal().string();
}

Result<> Resolver::check_name(const Variable& variable) {
  static const auto kNames = environment_names();
  if (!variable.name.starts_with("VEDETTE_") ||
      std::ranges::find(kNames, variable.name) != kNames.end()) {
    return {};
  }
  if (const auto like = nearest(variable.name, kNames)) {
    return fail(ErrorCode::kUsage, fmt::format("{}: {} is no setting; did you mean {}?",
                                               variable.place, shown(variable.name), *like));
  }
  loaded_.remarks.push_back(
      fmt::format("{}: {} is no setting and was ignored", variable.place, shown(variable.name)));
  return {};
}

Result<> Resolver::take_environment(const std::vector<Variable>& variables, Origin origin) {
  const auto find = [&](std::string_view name) -> const Variable* {
    const Variable* last = nullptr;
    for (const auto& variable : variables) {
      // Empty is "not given": that is how container files pass on what is not set.
      if (variable.origin == origin && variable.name == name && !variable.value.empty()) {
        last = &variable;
      }
    }
    return last;
  };
  for (const auto& variable : variables) {
    if (variable.origin == origin) VEDETTE_CHECK(check_name(variable));
  }
  for (const auto& declaration : declarations()) {
    const auto* longer = find(environment_name(declaration));
    const auto* shorter =
        declaration.short_environment.empty() ? nullptr : find(declaration.short_environment);
    const auto* chosen = longer != nullptr ? longer : shorter;
    if (chosen == nullptr) continue;
    if (longer != nullptr && shorter != nullptr && longer->value != shorter->value) {
      loaded_.remarks.push_back(
          fmt::format("{} and {} differ; {} is used", longer->name, shorter->name, longer->name));
    }
    VEDETTE_CHECK(take(
        {&declaration, chosen->value, origin, fmt::format("{} {}", chosen->place, chosen->name)}));
  }
  return {};
}

Result<> Resolver::take_flags() {
  for (const auto& [name, text] : inputs_.flags) {
    const auto* declaration = find_declaration(name);
    if (declaration == nullptr) {
      return fail(ErrorCode::kUsage, fmt::format("there is no setting {}", shown(name)));
    }
    const auto flag = declaration->short_flag.empty() ? flag_name(*declaration)
                                                      : std::string(declaration->short_flag);
    VEDETTE_CHECK(take({declaration, text, Origin::kFlag, fmt::format("flag --{}", flag)}));
  }
  return {};
}

Result<> Resolver::fill_defaults() {
  if (slot("data.dir") == nullptr) {
    const auto data = lookup(inputs_.environment, "XDG_DATA_HOME");
    const auto home = lookup(inputs_.environment, "HOME");
    if (data.empty() && home.empty()) {
      return fail(ErrorCode::kUsage,
                  "no folder for the data is known, because HOME is not set; name one with --data "
                  "DIR or VEDETTE_DATA");
    }
    const auto folder = data.empty() ? fs::path(home) / ".local/share" : fs::path(data);
    slots_["data.dir"].text =
        (inputs_.working_dir / folder / "vedette").lexically_normal().string();
  }
  const fs::path data(slots_["data.dir"].text);
  for (const auto& declaration : declarations()) {
    if (slot(declaration.name) != nullptr) continue;
    auto& fresh = slots_[declaration.name];
    fresh.text = declaration.default_text;
    if (declaration.default_in_data.empty()) continue;
    fresh.text = (data / declaration.default_in_data).string();
    if (declaration.shape.kind == Kind::kDatabase) fresh.text.insert(0, "sqlite:");
  }
  return {};
}

Result<> Resolver::publish() {
  for (const auto& declaration : declarations()) {
    const auto& slot = slots_[declaration.name];
    const auto value = parse_value(declaration.shape, slot.text);
    if (!value) {
      return fail(ErrorCode::kUsage, fmt::format("{}: {} is not right; it should be {}", slot.where,
                                                 echo(declaration, slot.text), value.error()));
    }
    declaration.apply(loaded_.settings, *value);
    auto text = format_value(declaration.shape, *value);
    if (declaration.shape.kind == Kind::kDatabase) text = mask_address(text);
    if (declaration.is_secret && !text.empty()) text = "(set)";
    loaded_.effective.push_back({std::string(declaration.name), std::move(text), slot.origin,
                                 slot.where, std::string(declaration.help), declaration.is_secret});
  }
  return {};
}

Result<Loaded> Resolver::resolve() {
  std::vector<Variable> variables;
  if (inputs_.dotenv) {
    VEDETTE_TRY(lines, read_dotenv(*inputs_.dotenv, loaded_.remarks));
    for (auto& line : lines) {
      variables.push_back({std::move(line.name), std::move(line.value),
                           fmt::format("{}:{}", inputs_.dotenv->name, line.line), Origin::kDotEnv});
    }
  }
  for (const auto& [name, value] : inputs_.environment) {
    variables.push_back({name, value, "environment", Origin::kEnvironment});
  }

  if (inputs_.toml) {
    VEDETTE_TRY(given, read_toml(*inputs_.toml));
    for (const auto& one : given) VEDETTE_CHECK(take(one));
  }
  VEDETTE_CHECK(take_environment(variables, Origin::kDotEnv));
  VEDETTE_CHECK(take_environment(variables, Origin::kEnvironment));
  VEDETTE_CHECK(take_flags());

  // The real environment hides what .env says about the same name.
  std::erase_if(variables, [&](const Variable& variable) {
    return variable.origin == Origin::kDotEnv &&
           !lookup(inputs_.environment, variable.name).empty();
  });
  auto legacy =
      read_legacy(variables, [this](std::string_view name) { return slot(name) != nullptr; });
  for (const auto& one : legacy.given) VEDETTE_CHECK(take(one));
  loaded_.unused = std::move(legacy.unused);
  std::ranges::move(legacy.remarks, std::back_inserter(loaded_.remarks));

  VEDETTE_CHECK(fill_defaults());
  VEDETTE_CHECK(publish());
  return std::move(loaded_);
}

// The text of a file of settings, bounded.
Result<SourceText> read_file(const fs::path& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} is a folder, not a settings file", path.string()));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return fail(
        ErrorCode::kUsage,
        fmt::format("{} cannot be opened; check that it exists and may be read", path.string()));
  }
  // One byte more than allowed shows that there is too much.
  std::string text(kMaxFileBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return SourceText{path.string(), std::move(text)};
}

bool is_file(const fs::path& path) {
  std::error_code failed;
  return fs::exists(path, failed);
}

// --config, else VEDETTE_CONFIG, else what lies in the working folder or among the data.
Result<std::optional<fs::path>> find_file(const LoadOptions& options, const Inputs& inputs,
                                          const fs::path& data, std::vector<std::string>& remarks) {
  auto named = options.file ? options.file->string()
                            : std::string(lookup(inputs.environment, "VEDETTE_CONFIG"));
  if (!named.empty()) {
    if (!is_file(named)) {
      return fail(ErrorCode::kUsage, fmt::format("there is no file {}, which {} names", named,
                                                 options.file ? "--config" : "VEDETTE_CONFIG"));
    }
    return named;
  }
  fs::path here = "vedette.toml";
  auto there = data / "vedette.toml";
  if (is_file(here)) {
    std::error_code failed;
    if (is_file(there) && !fs::equivalent(here, there, failed)) {
      remarks.push_back(
          fmt::format("vedette.toml of the working folder is read, {} is not", there.string()));
    }
    return here;
  }
  if (is_file(there)) return there;
  return std::nullopt;
}

TextMap read_environment() {
  TextMap environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

}  // namespace

std::string shown(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, 60)) {
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return quoted + (text.size() > 60 ? "...\"" : "\"");
}

bool Loaded::is_set(std::string_view name) const {
  const auto found = std::ranges::find(effective, name, &Effective::name);
  return found != effective.end() && found->origin != Origin::kDefault;
}

Result<Loaded> parse_settings(const Inputs& inputs) {
  return Resolver(inputs).resolve();
}

Result<Loaded> load_settings(const LoadOptions& options) {
  Inputs inputs;
  inputs.flags = options.flags;
  inputs.environment = read_environment();
  std::error_code failed;
  inputs.working_dir = fs::current_path(failed);
  if (failed) inputs.working_dir = "/";
  if (is_file(".env")) {
    VEDETTE_TRY(text, read_file(".env"));
    inputs.dotenv = std::move(text);
  }
  // A first pass without the file tells where the data, and with it the file, may be.
  VEDETTE_TRY(first, parse_settings(inputs));
  std::vector<std::string> remarks;
  VEDETTE_TRY(file, find_file(options, inputs, first.settings.data.dir, remarks));
  if (!file) return std::move(first);

  VEDETTE_TRY(text, read_file(*file));
  inputs.toml = std::move(text);
  VEDETTE_TRY(loaded, parse_settings(inputs));
  loaded.file = fs::absolute(*file, failed);
  std::ranges::move(remarks, std::back_inserter(loaded.remarks));
  return std::move(loaded);
}

}  // namespace vedette::config

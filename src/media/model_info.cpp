#include "media/model_info.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>

#include "media/sidecars.hpp"

namespace vedette::media {
namespace {

constexpr std::size_t kMaxSidecarBytes = 64 * 1024;
constexpr std::size_t kMaxLabels = 2'000;
constexpr std::size_t kMaxText = 300;
constexpr std::int64_t kMaxInput = 4'096;

constexpr std::size_t kMaxType = 32;

constexpr std::string_view kHowTo =
    "write a sidecar next to it with name, layout (yolox, ssd-detections or ssd-raw), [input] and "
    "[labels]; models/yolox_nano.onnx.toml is one to copy";

bool is_type_word(std::string_view word) {
  return !word.empty() && word.size() <= kMaxType && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// A table of the sidecar together with what is needed to say where something in it is wrong.
class Section {
 public:
  Section(const toml::table& table, std::string_view name, std::string_view file)
      : table_(table), name_(name), file_(file) {}

  std::unexpected<Error> wrong(const toml::node* node, std::string_view text) const {
    const auto& where = node ? node->source() : table_.source();
    return fail(ErrorCode::kInvalid, fmt::format("{}, line {}: {}", file_,
                                                 std::max<unsigned>(1, where.begin.line), text));
  }

  std::string shown(std::string_view key) const {
    return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  }

  Result<> only(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(known, key.str()) == known.end()) {
        return wrong(&node,
                     fmt::format("{} is not known; known are {}.",
                                 shown(key.str().substr(0, kMaxText)), fmt::join(known, ", ")));
      }
    }
    return {};
  }

  const toml::node* find(std::string_view key) const { return table_.get(key); }

  Result<std::string> text(std::string_view key, std::optional<std::string> fallback) const {
    const auto* node = table_.get(key);
    if (!node && fallback) return *fallback;
    const auto value = node ? node->value_exact<std::string>() : std::nullopt;
    if (!value || value->empty() || value->size() > kMaxText) {
      return wrong(node, fmt::format("{} must be a text of 1 to {} bytes.", shown(key), kMaxText));
    }
    return *value;
  }

  Result<std::int64_t> number(std::string_view key, std::int64_t low, std::int64_t high,
                              std::optional<std::int64_t> fallback) const {
    const auto* node = table_.get(key);
    if (!node && fallback) return *fallback;
    const auto value = node ? node->value_exact<std::int64_t>() : std::nullopt;
    if (!value || *value < low || *value > high) {
      return wrong(node,
                   fmt::format("{} must be a whole number from {} to {}.", shown(key), low, high));
    }
    return *value;
  }

  Result<std::array<float, 3>> triple(std::string_view key, float fallback,
                                      bool may_be_zero) const {
    std::array<float, 3> values{fallback, fallback, fallback};
    const auto* node = table_.get(key);
    if (!node) return values;
    const auto* array = node->as_array();
    bool is_right = array && array->size() == values.size();
    for (std::size_t i = 0; is_right && i < values.size(); ++i) {
      const auto value = array->get(i)->value<double>();
      is_right = value && std::isfinite(*value) && std::abs(*value) <= 1e6 &&
                 (may_be_zero || std::abs(*value) >= 1e-6);
      if (is_right) values[i] = static_cast<float>(*value);
    }
    if (!is_right) {
      return wrong(node, fmt::format("{} must be three numbers{}, one a channel.", shown(key),
                                     may_be_zero ? "" : " other than 0"));
    }
    return values;
  }

  /// One of the given words; its index.
  Result<std::size_t> choice(std::string_view key, std::initializer_list<std::string_view> words,
                             std::optional<std::size_t> fallback) const {
    const auto* node = table_.get(key);
    if (!node && fallback) return *fallback;
    const auto value = node ? node->value_exact<std::string>() : std::nullopt;
    const auto* const found = value ? std::ranges::find(words, *value) : words.end();
    if (found == words.end()) {
      return wrong(node, fmt::format("{} must be one of {}.", shown(key), fmt::join(words, ", ")));
    }
    return static_cast<std::size_t>(found - words.begin());
  }

  Result<Section> section(std::string_view key) const {
    const auto* node = table_.get(key);
    const auto* table = node ? node->as_table() : nullptr;
    if (!table) {
      return wrong(node, fmt::format("the section [{}] is missing or not a section.", shown(key)));
    }
    return Section(*table, key, file_);
  }

  const toml::table& table() const { return table_; }

 private:
  const toml::table& table_;
  std::string_view name_;
  std::string_view file_;
};

Result<ModelInput> read_input(const Section& section) {
  VEDETTE_CHECK(
      section.only({"width", "height", "order", "colours", "mean", "scale", "fit", "pad"}));
  ModelInput input;
  VEDETTE_TRY(width, section.number("width", 16, kMaxInput, std::nullopt));
  VEDETTE_TRY(height, section.number("height", 16, kMaxInput, std::nullopt));
  VEDETTE_TRY(order, section.choice("order", {"nchw", "nhwc"}, std::nullopt));
  VEDETTE_TRY(colours, section.choice("colours", {"bgr", "rgb"}, std::nullopt));
  VEDETTE_TRY(mean, section.triple("mean", 0, true));
  VEDETTE_TRY(scale, section.triple("scale", 1, false));
  VEDETTE_TRY(fit, section.choice("fit", {"letterbox", "stretch"}, std::nullopt));
  VEDETTE_TRY(pad, section.number("pad", 0, 255, 114));
  input.width = static_cast<int>(width);
  input.height = static_cast<int>(height);
  input.channels_first = order == 0;
  input.colours = colours == 0 ? ColourOrder::kBgr : ColourOrder::kRgb;
  input.mean = mean;
  input.scale = scale;
  input.fit = fit == 0 ? Fit::kLetterbox : Fit::kStretch;
  input.pad = static_cast<std::uint8_t>(pad);
  return input;
}

Result<std::vector<Label>> read_labels(const Section& section) {
  VEDETTE_CHECK(section.only({"names", "types"}));
  const auto* names_node = section.find("names");
  const auto* names = names_node ? names_node->as_array() : nullptr;
  if (!names || names->empty() || names->size() > kMaxLabels) {
    return section.wrong(names_node,
                         fmt::format("labels.names must be a list of 1 to {} texts, one "
                                     "a class id.",
                                     kMaxLabels));
  }
  std::vector<Label> labels;
  for (const auto& node : *names) {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty() || value->size() > kMaxText) {
      return section.wrong(&node, "each of labels.names must be a text of 1 to 300 bytes.");
    }
    labels.push_back({.name = *value, .type = {}});
  }
  VEDETTE_TRY(types, section.section("types"));
  for (const auto& [key, node] : types.table()) {
    const auto type = node.value_exact<std::string>();
    if (!type || !is_type_word(*type)) {
      return types.wrong(&node, fmt::format("a label's type must be a word of 1 to {} small "
                                            "letters, digits and hyphens, such as \"car\".",
                                            kMaxType));
    }
    bool is_used = false;
    for (auto& label : labels) {
      if (label.name != key.str()) continue;
      label.type = *type;
      is_used = true;
    }
    if (!is_used) {
      return types.wrong(
          &node, fmt::format("\"{}\" is none of labels.names.", key.str().substr(0, kMaxText)));
    }
  }
  if (std::ranges::all_of(labels, [](const Label& label) { return label.type.empty(); })) {
    return section.wrong(nullptr, "[labels.types] must give at least one label a type.");
  }
  return labels;
}

Result<ModelInfo> read_model_info(const toml::table& table, std::string_view file) {
  const Section top(table, "", file);
  VEDETTE_CHECK(top.only({"name", "licence", "source", "layout", "input", "outputs", "labels"}));
  ModelInfo info;
  VEDETTE_TRY(name, top.text("name", std::nullopt));
  VEDETTE_TRY(licence, top.text("licence", "not stated"));
  VEDETTE_TRY(source, top.text("source", "not stated"));
  VEDETTE_TRY(layout, top.choice("layout", {"yolox", "ssd-detections", "ssd-raw"}, std::nullopt));
  VEDETTE_TRY(input_section, top.section("input"));
  VEDETTE_TRY(input, read_input(input_section));
  VEDETTE_TRY(labels_section, top.section("labels"));
  VEDETTE_TRY(labels, read_labels(labels_section));
  info.name = std::move(name);
  info.licence = std::move(licence);
  info.source = std::move(source);
  info.layout = static_cast<OutputLayout>(layout);
  info.input = input;
  info.labels = std::move(labels);
  if (const auto* node = top.find("outputs")) {
    if (info.layout != OutputLayout::kSsdRaw) {
      return top.wrong(node, "[outputs] belongs to the layout ssd-raw only.");
    }
    VEDETTE_TRY(outputs, top.section("outputs"));
    VEDETTE_CHECK(outputs.only({"boxes", "scores", "boxes_order"}));
    VEDETTE_TRY(boxes, outputs.text("boxes", ""));
    VEDETTE_TRY(scores, outputs.text("scores", ""));
    VEDETTE_TRY(order, outputs.choice("boxes_order", {"yxyx", "xyxy"}, 0));
    info.boxes_output = std::move(boxes);
    info.scores_output = std::move(scores);
    info.boxes_y_first = order == 0;
  }
  if (info.layout == OutputLayout::kYolox &&
      (info.input.width % 32 != 0 || info.input.height % 32 != 0)) {
    return top.wrong(top.find("input"), "a yolox input must be a multiple of 32 wide and high.");
  }
  return info;
}

}  // namespace

std::string_view name(OutputLayout layout) {
  switch (layout) {
    case OutputLayout::kYolox:
      return "yolox";
    case OutputLayout::kSsdDetections:
      return "ssd-detections";
    case OutputLayout::kSsdRaw:
      return "ssd-raw";
    case OutputLayout::kMotion:
      return "motion";
  }
  return "unknown";
}

Result<ModelInfo> parse_model_info(std::string_view text, std::string_view file) {
  if (text.size() > kMaxSidecarBytes) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} is larger than the {} KiB that a sidecar may have.", file,
                            kMaxSidecarBytes / 1024));
  }
  try {
    return read_model_info(toml::parse(text), file);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}, line {}: this is not TOML ({}); correct the line.", file,
                            error.source().begin.line, error.description().substr(0, kMaxText)));
  }
}

Result<ModelInfo> find_model_info(const std::filesystem::path& model) {
  auto appended = model;
  appended += ".toml";
  auto replaced = model;
  replaced.replace_extension(".toml");
  for (const auto& path : {appended, replaced}) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) continue;
    std::ifstream in(path, std::ios::binary);
    std::string text(kMaxSidecarBytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.empty()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{} is empty or cannot be read; {}.", path.string(), kHowTo));
    }
    return parse_model_info(text, path.string());
  }
  const auto wanted = appended.filename().string();
  for (const auto& sidecar : built_in_sidecars()) {
    if (sidecar.file_name == wanted) return parse_model_info(sidecar.text, sidecar.file_name);
  }
  return fail(ErrorCode::kUnsupported, fmt::format("Nothing says how the model {} is laid out: {}.",
                                                   model.string(), kHowTo));
}

}  // namespace vedette::media

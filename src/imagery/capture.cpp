#include "imagery/capture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace vedette::imagery {
namespace {

std::size_t bands_of(const ImageInfo& info) {
  return info.bands.size() - (info.alpha ? 1 : 0);
}

std::optional<Band> band_of(const ImageInfo& info) {
  auto band = parse_band(info.metadata.band_name);
  if (!band && info.metadata.wavelength_nm) band = band_at(*info.metadata.wavelength_nm);
  return band;
}

}  // namespace

std::string capture_key(const ImageInfo& info) {
  const Metadata& m = info.metadata;
  if (bands_of(info) != 1) return {};
  if (!m.capture_id.empty()) return m.capture_id;
  const std::string rig = m.rig_name.empty() ? m.camera_model : m.rig_name;
  if (!m.rig_index || rig.empty() || m.captured_local.empty()) return {};
  return fmt::format("{} {} {}", rig, m.camera_serial, m.captured_local);
}

std::vector<Band> bands_of_rig(const Metadata& metadata) {
  const auto is = [&](std::string_view model) {
    return metadata.camera_model.starts_with(model) || metadata.rig_name.starts_with(model);
  };
  if (is("Sequoia") || is("M3M")) return {Band::kGreen, Band::kRed, Band::kRedEdge, Band::kNir};
  if (is("RedEdge") || is("Altum")) {
    return {Band::kBlue, Band::kGreen, Band::kRed, Band::kNir, Band::kRedEdge};
  }
  if (is("FC6360")) return {Band::kBlue, Band::kGreen, Band::kRed, Band::kRedEdge, Band::kNir};
  return {};
}

std::string missing_bands(std::span<const ImageInfo* const> files) {
  if (files.empty()) return {};
  std::vector<std::string_view> missing;
  for (const Band band : bands_of_rig(files.front()->metadata)) {
    const bool is_there =
        std::ranges::any_of(files, [&](const ImageInfo* info) { return band_of(*info) == band; });
    if (!is_there) missing.push_back(name(band));
  }
  if (missing.empty()) return {};
  std::string text;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    text += i == 0 ? "" : i + 1 == missing.size() ? " and " : ", ";
    text += missing[i];
  }
  return fmt::format("{} {} missing", text, missing.size() == 1 ? "is" : "are");
}

std::vector<std::vector<std::size_t>> group_captures(std::span<const ImageInfo* const> infos) {
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> by_key;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const std::string key = capture_key(*infos[i]);
    if (key.empty()) {
      groups.push_back({i});
      continue;
    }
    const auto [place, is_new] = by_key.try_emplace(key, groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(i);
  }
  for (auto& group : groups) {
    std::ranges::stable_sort(
        group, {}, [&](std::size_t i) { return infos[i]->metadata.rig_index.value_or(1000); });
  }
  return groups;
}

}  // namespace vedette::imagery

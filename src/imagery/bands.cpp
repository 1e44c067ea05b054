#include "imagery/bands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.hpp"
#include "imagery/xmp.hpp"

namespace vedette::imagery {
namespace {

// "Red edge" and "red_edge" alike.
std::string plain(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if (c != ' ' && c != '-' && c != '_' && c != '.' && c != '\t') letters += to_lower(c);
  }
  return letters;
}

std::optional<Band> by_letters(std::string_view letters) {
  struct Word {
    std::string_view text;
    Band band;
  };
  static constexpr std::array kWords{
      Word{"blue", Band::kBlue},   Word{"b", Band::kBlue},      Word{"blu", Band::kBlue},
      Word{"green", Band::kGreen}, Word{"g", Band::kGreen},     Word{"gre", Band::kGreen},
      Word{"red", Band::kRed},     Word{"r", Band::kRed},       Word{"rededge", Band::kRedEdge},
      Word{"re", Band::kRedEdge},  Word{"reg", Band::kRedEdge}, Word{"edge", Band::kRedEdge},
      Word{"nir", Band::kNir},     Word{"n", Band::kNir},       Word{"nearinfrared", Band::kNir},
      Word{"nearir", Band::kNir},  Word{"infrared", Band::kNir}};
  const auto found = std::ranges::find(kWords, letters, &Word::text);
  return found == kWords.end() ? std::nullopt : std::optional(found->band);
}

BandRole role_of(int index, const BandInfo& info) {
  BandRole role;
  role.index = index;
  role.file_name = info.description;
  role.wavelength_nm = info.wavelength_nm;
  return role;
}

// The picture of one band of a rig has its name in the description of the whole.
BandInfo named_by_picture(const ImageInfo& info, std::size_t i) {
  BandInfo band = info.bands[i];
  const std::size_t others = info.alpha ? 1 : 0;
  if (info.bands.size() - others == 1 && static_cast<int>(i) != info.alpha.value_or(-1)) {
    if (band.description.empty()) band.description = info.metadata.band_name;
    if (!band.wavelength_nm) band.wavelength_nm = info.metadata.wavelength_nm;
  }
  return band;
}

void from_file(const ImageInfo& info, BandRoles& into) {
  for (std::size_t i = 0; i < info.bands.size(); ++i) {
    const BandInfo band = named_by_picture(info, i);
    BandRole& role = into.roles[i];
    role.file_name = band.description;
    role.wavelength_nm = band.wavelength_nm;
    std::optional<Band> found = parse_band(band.description);
    bool is_named = found.has_value();
    if (!found && band.wavelength_nm) found = band_at(*band.wavelength_nm);
    if (!found) continue;
    if (into.find(*found)) {
      role.why = fmt::format("A second {} band; the first is used.", name(*found));
      continue;
    }
    role.band = found;
    role.source = RoleSource::kFile;
    role.why = is_named
                   ? fmt::format("The file calls it \"{}\".", band.description)
                   : fmt::format("The file gives {:.0f} nm as its centre.", *band.wavelength_nm);
  }
}

bool has_any(const BandRoles& roles) {
  return std::ranges::any_of(roles.roles,
                             [](const BandRole& role) { return role.band.has_value(); });
}

std::size_t bands_without_alpha(const ImageInfo& info) {
  return info.bands.size() - (info.alpha ? 1 : 0);
}

void set_all(const ImageInfo& info, const std::vector<std::string_view>& names, RoleSource source,
             const std::string& why, BandRoles& into) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < info.bands.size() && next < names.size(); ++i) {
    if (static_cast<int>(i) == info.alpha) continue;
    BandRole& role = into.roles[i];
    role.band = parse_band(names[next++]);
    role.source = role.band ? source : RoleSource::kNone;
    role.why = role.band ? why : std::string("Not used by any index.");
  }
}

Result<> from_choice(const ImageInfo& info, const BandChoice& choice, RoleSource source,
                     BandRoles& into) {
  const std::size_t count = bands_without_alpha(info);
  const std::string who =
      source == RoleSource::kUser ? "You said so for this picture" : "You set it for this camera";
  if (!choice.sensor.empty()) {
    const Sensor* sensor = find_sensor(choice.sensor);
    if (sensor == nullptr) {
      std::string known;
      for (const Sensor& each : sensors()) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
      }
      return fail(ErrorCode::kUsage,
                  fmt::format("no sensor is called '{}'; known are {}", choice.sensor, known));
    }
    if (sensor->bands.size() != count) {
      return fail(ErrorCode::kUsage, fmt::format("the file has {} bands, and {} has {}", count,
                                                 sensor->title, sensor->bands.size()));
    }
    set_all(info, sensor->bands, source, fmt::format("{}: {}.", who, sensor->title), into);
    into.sensor = sensor->title;
    into.reflectance_scale = sensor->reflectance_scale;
    return {};
  }
  if (choice.bands.size() != count) {
    return fail(ErrorCode::kUsage,
                fmt::format("the file has {} bands, and {} were named; write - for one that is "
                            "none of blue, green, red, red edge, nir",
                            count, choice.bands.size()));
  }
  const std::vector<std::string_view> names(choice.bands.begin(), choice.bands.end());
  set_all(info, names, source, who + ".", into);
  return {};
}

void from_model(const ImageInfo& info, BandRoles& into) {
  // The longest model that fits: RedEdge-P is no RedEdge.
  const Sensor* best = nullptr;
  for (const Sensor& each : sensors()) {
    if (each.model.empty() || !info.metadata.camera_model.starts_with(each.model)) continue;
    if (each.bands.size() != bands_without_alpha(info)) continue;
    if (best == nullptr || each.model.size() > best->model.size()) best = &each;
  }
  if (best == nullptr) return;
  set_all(info, best->bands, RoleSource::kSensor,
          fmt::format("The file names the camera: {}.", best->title), into);
  into.sensor = best->title;
}

void from_colours(const ImageInfo& info, BandRoles& into) {
  using Colour = BandInfo::Colour;
  const std::array<std::pair<Colour, Band>, 3> known{
      {{Colour::kRed, Band::kRed}, {Colour::kGreen, Band::kGreen}, {Colour::kBlue, Band::kBlue}}};
  for (const auto& [colour, band] : known) {
    if (std::ranges::count(info.bands, colour, &BandInfo::colour) != 1) return;
  }
  for (std::size_t i = 0; i < info.bands.size(); ++i) {
    for (const auto& [colour, band] : known) {
      if (info.bands[i].colour != colour) continue;
      into.roles[i].band = band;
      into.roles[i].source = RoleSource::kColour;
      into.roles[i].why = fmt::format(
          "The file says that it is {}. If the camera was converted to near infrared, set its "
          "bands once.",
          name(band));
    }
  }
  into.is_rgb_only = bands_without_alpha(info) == 3;
}

}  // namespace

std::string_view name(Band band) {
  switch (band) {
    case Band::kBlue:
      return "blue";
    case Band::kGreen:
      return "green";
    case Band::kRed:
      return "red";
    case Band::kRedEdge:
      return "red edge";
    case Band::kNir:
      return "near infrared";
  }
  return "";
}

std::string_view symbol(Band band) {
  switch (band) {
    case Band::kBlue:
      return "B";
    case Band::kGreen:
      return "G";
    case Band::kRed:
      return "R";
    case Band::kRedEdge:
      return "RE";
    case Band::kNir:
      return "N";
  }
  return "";
}

std::string_view name(RoleSource source) {
  switch (source) {
    case RoleSource::kUser:
      return "user";
    case RoleSource::kFile:
      return "file";
    case RoleSource::kCamera:
      return "camera";
    case RoleSource::kSensor:
      return "sensor";
    case RoleSource::kColour:
      return "colour";
    case RoleSource::kNone:
      return "none";
  }
  return "";
}

std::optional<Band> parse_band(std::string_view text) {
  std::string letters = plain(text);
  if (const auto band = by_letters(letters)) return band;
  // "842nm", "Blue-444", "NIR 842 nm".
  if (letters.ends_with("nm")) letters.resize(letters.size() - 2);
  const auto digits = letters.find_last_not_of("0123456789");
  const std::size_t begin = digits == std::string::npos ? 0 : digits + 1;
  if (letters.size() - begin != 3) return std::nullopt;
  if (begin == 0) {
    const auto wavelength = parse_number(letters);
    return wavelength ? band_at(*wavelength) : std::nullopt;
  }
  return by_letters(std::string_view(letters).substr(0, begin));
}

std::optional<Band> band_at(double wavelength_nm) {
  if (wavelength_nm >= 440 && wavelength_nm < 510) return Band::kBlue;
  if (wavelength_nm >= 525 && wavelength_nm < 590) return Band::kGreen;
  if (wavelength_nm >= 630 && wavelength_nm < 690) return Band::kRed;
  if (wavelength_nm >= 700 && wavelength_nm < 750) return Band::kRedEdge;
  if (wavelength_nm >= 770 && wavelength_nm < 910) return Band::kNir;
  return std::nullopt;
}

Result<BandChoice> parse_band_choice(std::string_view text) {
  BandChoice choice;
  text = trim(text);
  if (!text.empty() && text.find(',') == std::string_view::npos) {
    if (find_sensor(text) != nullptr) {
      choice.sensor = text;
      return choice;
    }
    if (!parse_band(text)) {
      std::string known;
      for (const Sensor& each : sensors()) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
      }
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is neither a list of bands such as red,green,blue,nir nor a "
                              "sensor; sensors are {}",
                              text, known));
    }
  }
  std::vector<Band> seen;
  for (const std::string_view word : split(text, ',')) {
    const auto band = parse_band(word);
    if (!band && word != "-") {
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is no band; write blue, green, red, rededge, nir, or - for "
                              "another one",
                              word));
    }
    if (band && std::ranges::find(seen, *band) != seen.end()) {
      return fail(ErrorCode::kUsage, fmt::format("{} is named twice", name(*band)));
    }
    if (band) seen.push_back(*band);
    choice.bands.emplace_back(word);
  }
  if (seen.empty()) {
    return fail(ErrorCode::kUsage, "no band is named; write a list such as red,green,blue,nir");
  }
  return choice;
}

std::optional<int> BandRoles::find(Band band) const {
  const auto found = std::ranges::find(roles, std::optional(band), &BandRole::band);
  return found == roles.end() ? std::nullopt : std::optional(found->index);
}

Result<BandRoles> assign_bands(const ImageInfo& info, const std::optional<BandChoice>& user,
                               const std::optional<BandChoice>& camera) {
  BandRoles result;
  for (std::size_t i = 0; i < info.bands.size(); ++i) {
    result.roles.push_back(role_of(static_cast<int>(i), info.bands[i]));
  }
  if (user) {
    VEDETTE_CHECK(from_choice(info, *user, RoleSource::kUser, result));
  } else {
    from_file(info, result);
    if (!has_any(result) && camera) {
      VEDETTE_CHECK(from_choice(info, *camera, RoleSource::kCamera, result));
    }
    if (!has_any(result)) from_model(info, result);
    if (!has_any(result)) from_colours(info, result);
  }
  for (BandRole& role : result.roles) {
    if (role.band || !role.why.empty()) continue;
    role.why = role.index == info.alpha.value_or(-1)
                   ? "Says where the picture has no data."
                   : "The file does not say what it is; choose the sensor or name the bands.";
  }
  return result;
}

std::string camera_key(const ImageInfo& info) {
  const std::string make = std::string(trim(info.metadata.camera_make));
  const std::string model = std::string(trim(info.metadata.camera_model));
  if (make.empty() && model.empty()) return {};
  return fmt::format("{}{}{} / {}", make, make.empty() || model.empty() ? "" : " ", model,
                     bands_without_alpha(info));
}

}  // namespace vedette::imagery

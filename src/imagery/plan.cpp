#include "imagery/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "imagery/capture.hpp"
#include "imagery/samples.hpp"

namespace vedette::imagery {
namespace {

constexpr double kMostReflectance = 1.2;
constexpr int kSampled = 64;

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

Result<> open_files(std::span<const std::filesystem::path> files, const AnalyzeOptions& options,
                    Plan& plan) {
  if (files.empty()) return fail(ErrorCode::kUsage, "no picture is given");
  for (const auto& path : files) {
    VEDETTE_TRY(info, inspect(path, options.limits));
    if (!plan.infos.empty()) {
      const bool fits = info.upright_width() == plan.width() &&
                        info.upright_height() == plan.height() &&
                        info.metadata.orientation == plan.first().metadata.orientation;
      if (!fits) {
        return fail(
            ErrorCode::kInvalid,
            fmt::format("the bands of one capture have the same size; one is {} x {} "
                        "pixels, another {} x {}",
                        plan.width(), plan.height(), info.upright_width(), info.upright_height()));
      }
    }
    for (const std::string& note : info.notes) plan.notes.push_back(note);
    plan.paths.push_back(path);
    plan.infos.push_back(std::move(info));
  }
  return {};
}

Result<> assign_roles(const AnalyzeOptions& options, Plan& plan) {
  const bool is_capture = plan.infos.size() > 1;
  if (is_capture) {
    std::vector<const ImageInfo*> all;
    for (const ImageInfo& info : plan.infos) all.push_back(&info);
    if (const std::string missing = missing_bands(all); !missing.empty()) {
      plan.notes.push_back(fmt::format(
          "This capture is not complete: {}. The indices that need no more were computed.",
          missing));
    }
  }
  for (std::size_t file = 0; file < plan.infos.size(); ++file) {
    const ImageInfo& info = plan.infos[file];
    // A choice for a capture names its files in their order, one band each.
    std::optional<BandChoice> user = options.bands;
    if (is_capture && user) {
      if (!user->sensor.empty() || user->bands.size() != plan.infos.size()) {
        return fail(ErrorCode::kUsage,
                    fmt::format("name one band for each of the {} files", plan.infos.size()));
      }
      user->bands = {user->bands[file]};
    }
    VEDETTE_TRY(roles, assign_bands(info, user, is_capture ? std::nullopt : options.camera_bands));
    if (plan.sensor.empty()) plan.sensor = roles.sensor;
    if (roles.reflectance_scale > 0) plan.sensor_scale = roles.reflectance_scale;
    for (BandRole& role : roles.roles) {
      const bool is_second = role.band && std::ranges::any_of(plan.channels, [&](const Channel& c) {
                               return c.band == role.band;
                             });
      if (is_second) {
        role.why = fmt::format("A second {} band; the first is used.", name(*role.band));
        role.band.reset();
      }
      const bool is_alpha = role.index == info.alpha.value_or(-1);
      if (!is_alpha) {
        Channel channel;
        channel.band = role.band;
        channel.file = file;
        channel.index = role.index;
        channel.nodata = info.bands[static_cast<std::size_t>(role.index)].nodata;
        plan.channels.push_back(std::move(channel));
      }
      plan.roles.push_back(std::move(role));
    }
  }
  return {};
}

const ImageInfo& file_of(const Plan& plan, const Channel& channel) {
  return plan.infos[channel.file];
}
const BandInfo& info_of(const Plan& plan, const Channel& channel) {
  return file_of(plan, channel).bands[static_cast<std::size_t>(channel.index)];
}

bool is_fraction(SampleType type) {
  return type == SampleType::kFloat32 || type == SampleType::kFloat64;
}

// Whether 99 of 100 pixels of a few places across the picture lie within 0 to 1.2.
Result<bool> looks_like_reflectance(const Plan& plan, const AnalyzeOptions& options) {
  std::size_t all = 0;
  std::size_t within = 0;
  for (std::size_t file = 0; file < plan.infos.size(); ++file) {
    std::vector<int> bands;
    for (const Channel& channel : plan.channels) {
      if (channel.file == file && channel.band) bands.push_back(channel.index);
    }
    if (bands.empty()) continue;
    VEDETTE_TRY(picture, ImageFile::open(plan.paths[file], options.limits));
    const ImageInfo& info = picture.info();
    for (int place = 0; place < 9; ++place) {
      const int width = std::min(kSampled, info.width);
      const int height = std::min(kSampled, info.height);
      const Window window{(info.width - width) * (place % 3 * 2 + 1) / 6,
                          (info.height - height) * (place / 3 * 2 + 1) / 6, width, height};
      const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
      std::vector<std::byte> samples(pixels * bands.size() * bytes_of(info.type));
      VEDETTE_CHECK(picture.read(window, bands, samples));
      std::vector<float> values(pixels);
      for (std::size_t i = 0; i < bands.size(); ++i) {
        to_floats(std::span(samples).subspan(i * pixels * bytes_of(info.type)), info.type,
                  info.bands[static_cast<std::size_t>(bands[i])].nodata, values);
        for (const float value : values) {
          if (value != value) continue;
          ++all;
          if (value >= 0 && static_cast<double>(value) <= kMostReflectance) ++within;
        }
      }
    }
  }
  return all > 0 && static_cast<double>(within) >= 0.99 * static_cast<double>(all);
}

std::vector<Channel*> used(Plan& plan) {
  std::vector<Channel*> channels;
  for (Channel& channel : plan.channels) {
    if (channel.band) channels.push_back(&channel);
  }
  return channels;
}

// Makers' calibrations: all bands or none, since an index over two scales means nothing.
Result<bool> calibrate(Plan& plan, const AnalyzeOptions& options) {
  const auto channels = used(plan);
  if (channels.empty()) return false;
  bool has_panel = options.panel.has_value();
  bool has_sun = true;
  bool has_tilt = true;
  bool is_absolute = true;
  for (const Channel* channel : channels) {
    const ImageInfo& info = file_of(plan, *channel);
    if (info.bands.size() != 1 || !info.metadata.calibration) return false;
    const Calibration& c = *info.metadata.calibration;
    has_panel = has_panel && options.panel->albedo_over_radiance(*channel->band).has_value();
    has_sun = has_sun && c.irradiance.has_value();
    has_tilt = has_tilt && ground_irradiance(info.metadata).has_value();
    is_absolute = is_absolute && c.maker == Calibration::Maker::kMicaSense;
  }
  std::string kind;
  for (Channel* channel : channels) {
    const ImageInfo& info = file_of(plan, *channel);
    const Calibration& c = *info.metadata.calibration;
    VEDETTE_TRY(model, RadianceModel::make(c, info.width, info.height));
    channel->radiance = std::move(model);
    channel->factor = 1;
    channel->offset = 0;
    if (has_panel) {
      channel->factor = *options.panel->albedo_over_radiance(*channel->band);
    } else if (has_sun) {
      const auto ground = has_tilt ? ground_irradiance(info.metadata) : std::nullopt;
      const double irradiance = ground.value_or(*c.irradiance);
      channel->factor = (is_absolute ? std::numbers::pi : 1.0) / irradiance;
      kind = ground ? "the sunlight sensor, corrected for its tilt by the sun's position"
                    : c.irradiance_kind;
    }
  }
  Radiometry& result = plan.radiometry;
  if (has_panel) {
    result.unit = Unit::kReflectance;
    result.how = "Radiance by the calibration in the file, reflectance by the panel of the flight.";
  } else if (has_sun && is_absolute) {
    result.unit = Unit::kReflectance;
    result.how = fmt::format("Radiance by the calibration in the file, reflectance by {}.", kind);
  } else if (has_sun) {
    result.unit = Unit::kRelative;
    result.how = fmt::format(
        "Light by the calibration in the file, over the {}: reflectance but for one factor that "
        "only a panel gives.",
        kind);
  } else {
    result.unit = Unit::kRadiance;
    result.how = "Radiance by the calibration in the file; no panel and no sunlight sensor.";
  }
  return true;
}

Result<> decide_radiometry(const AnalyzeOptions& options, Plan& plan) {
  Radiometry& result = plan.radiometry;
  if (options.reflectance_scale) {
    if (!(*options.reflectance_scale > 0)) {
      return fail(ErrorCode::kUsage, "the number that stands for reflectance 1.0 is above 0");
    }
    for (Channel& channel : plan.channels) channel.factor = 1 / *options.reflectance_scale;
    result.unit = Unit::kReflectance;
    result.how =
        fmt::format("You said that {} stands for reflectance 1.0.", *options.reflectance_scale);
    return {};
  }
  if (plan.sensor_scale > 0) {
    for (Channel& channel : plan.channels) channel.factor = 1 / plan.sensor_scale;
    result.unit = Unit::kReflectance;
    result.how =
        fmt::format("{}: its files hold reflectance, {} for 1.0.", plan.sensor, plan.sensor_scale);
    return {};
  }
  VEDETTE_TRY(is_calibrated, calibrate(plan, options));
  if (is_calibrated) return {};
  const auto channels = used(plan);
  const bool is_scaled = !channels.empty() && std::ranges::all_of(channels, [&](const Channel* c) {
    return info_of(plan, *c).scale.value_or(0) > 0;
  });
  if (is_scaled) {
    for (Channel* channel : channels) {
      channel->factor = *info_of(plan, *channel).scale;
      channel->offset = info_of(plan, *channel).offset.value_or(0);
    }
    result.unit = Unit::kReflectance;
    result.how = "The file says how its numbers become reflectance (scale and offset).";
    return {};
  }
  const bool is_real = !channels.empty() && std::ranges::all_of(channels, [&](const Channel* c) {
    return is_fraction(file_of(plan, *c).type);
  });
  if (is_real) {
    VEDETTE_TRY(is_reflectance, looks_like_reflectance(plan, options));
    if (is_reflectance) {
      result.unit = Unit::kReflectance;
      result.how =
          "The file holds fractions, and 99 of 100 lie within 0 and 1.2, as reflectance does.";
      return {};
    }
  }
  result.unit = Unit::kDigitalNumbers;
  result.how = "Digital numbers as the camera or program stored them; they are no reflectance.";
  for (const ImageInfo& info : plan.infos) {
    if (!info.metadata.calibration_problem.empty()) result.how = info.metadata.calibration_problem;
  }
  return {};
}

std::string no_band_reason(const Plan& plan, const std::vector<Band>& missing) {
  const bool is_known =
      std::ranges::any_of(plan.roles, [](const BandRole& role) { return role.band.has_value(); });
  if (!is_known) {
    return fmt::format(
        "the file does not say which of its {} bands is which light; choose the "
        "sensor or name the bands",
        plan.roles.size());
  }
  std::vector<std::string> names;
  for (const Band band : missing) names.emplace_back(name(band));
  const bool needs_infrared = std::ranges::find(missing, Band::kNir) != missing.end();
  const bool is_ordinary = std::ranges::all_of(plan.roles, [](const BandRole& role) {
    return role.source == RoleSource::kColour || role.source == RoleSource::kNone;
  });
  if (needs_infrared && is_ordinary) {
    return "an ordinary camera sees red, green and blue, but no near infrared, which this index "
           "needs; if the camera was converted, set its bands once";
  }
  return fmt::format("it needs the {} band{}, which the picture does not have", listed(names),
                     names.size() > 1 ? "s" : "");
}

std::string no_reflectance_reason(Unit unit) {
  switch (unit) {
    case Unit::kDigitalNumbers:
      return "its formula has constants that fit reflectance only, and the file holds digital "
             "numbers; calibrate by a panel, or say which number stands for reflectance 1.0";
    case Unit::kRadiance:
      return "its formula has constants that fit reflectance only, and there is neither a panel "
             "nor a sunlight sensor to turn radiance into it";
    case Unit::kRelative:
      return "its formula has constants that fit reflectance only, and without a panel the "
             "numbers are reflectance but for an unknown factor";
    case Unit::kReflectance:
      break;
  }
  return {};
}

Result<> choose_indices(const AnalyzeOptions& options, Plan& plan) {
  VEDETTE_TRY(indices, make_indices(options.indices, options.user_indices));
  for (Index& index : indices) {
    std::vector<std::size_t> places;
    std::vector<Band> missing;
    for (const Band band : index.formula.bands()) {
      const auto found = std::ranges::find(plan.channels, std::optional(band), &Channel::band);
      if (found == plan.channels.end()) {
        missing.push_back(band);
      } else {
        places.push_back(static_cast<std::size_t>(found - plan.channels.begin()));
      }
    }
    std::string why;
    if (!missing.empty()) {
      why = no_band_reason(plan, missing);
    } else if (index.definition.needs == Needs::kReflectance) {
      why = no_reflectance_reason(plan.radiometry.unit);
    }
    if (!why.empty()) {
      plan.not_computed.push_back({index.definition.name, std::move(why)});
      continue;
    }
    plan.indices.push_back(std::move(index));
    plan.bands_of_index.push_back(std::move(places));
  }
  return {};
}

void choose_products(const AnalyzeOptions& options, Plan& plan) {
  const auto place = [&](std::string_view name) -> std::optional<std::size_t> {
    const auto found = std::ranges::find_if(
        plan.indices, [&](const Index& index) { return index.definition.name == name; });
    if (found == plan.indices.end()) return std::nullopt;
    return static_cast<std::size_t>(found - plan.indices.begin());
  };
  const auto add = [&](std::size_t index) {
    if (std::ranges::find(plan.products, index) == plan.products.end()) {
      plan.products.push_back(index);
    }
  };
  for (const std::string& name : options.products.indices) {
    // What could not be computed is named among those already.
    if (const auto index = place(name)) add(*index);
  }
  if (!options.products.indices.empty()) return;
  for (const std::string_view name : {"ndvi", "ndre", "gndvi", "vari"}) {
    if (!plan.products.empty()) break;
    if (const auto index = place(name)) add(*index);
  }
  for (const std::string_view name : {"savi", "gndvi"}) {
    if (const auto index = place(name)) add(*index);
  }
  for (const IndexDefinition& own : options.user_indices) {
    if (const auto index = place(own.name)) add(*index);
  }
  if (plan.products.empty() && !plan.indices.empty()) add(0);
}

void choose_preview(Plan& plan) {
  const auto of = [&](Band band) -> std::optional<std::size_t> {
    const auto found = std::ranges::find(plan.channels, std::optional(band), &Channel::band);
    if (found == plan.channels.end()) return std::nullopt;
    return static_cast<std::size_t>(found - plan.channels.begin());
  };
  const auto red = of(Band::kRed);
  const auto green = of(Band::kGreen);
  const auto blue = of(Band::kBlue);
  const auto nir = of(Band::kNir);
  if (red && green && blue) {
    plan.preview = {*red, *green, *blue};
  } else if (nir && red && green) {
    plan.preview = {*nir, *red, *green};
    plan.is_false_colour = true;
  } else if (plan.channels.size() >= 3 && plan.infos.size() == 1) {
    plan.preview = {0, 1, 2};
    plan.is_false_colour = true;
  }
}

}  // namespace

Result<Plan> make_plan(std::span<const std::filesystem::path> files,
                       const AnalyzeOptions& options) {
  Plan plan;
  VEDETTE_CHECK(open_files(files, options, plan));
  VEDETTE_CHECK(assign_roles(options, plan));
  VEDETTE_CHECK(decide_radiometry(options, plan));
  VEDETTE_CHECK(choose_indices(options, plan));
  choose_products(options, plan);
  if (options.is_aligned) VEDETTE_CHECK(align_bands(options, plan));
  choose_preview(plan);
  return plan;
}

}  // namespace vedette::imagery

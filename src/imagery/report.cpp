#include <fmt/format.h>

#include <cmath>
#include <type_traits>

#include "imagery/analysis.hpp"

namespace vedette::imagery {
namespace {

std::string json_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

// Nine digits are more than any figure here is sure of; what is no number is null.
std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : "null";
}

class Object {
 public:
  Object& put(std::string_view key, std::string_view json) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : ", ", json_text(key), json);
    return *this;
  }
  Object& text(std::string_view key, std::string_view value) { return put(key, json_text(value)); }
  /// null where it is empty.
  Object& text_or_null(std::string_view key, std::string_view value) {
    return put(key, value.empty() ? "null" : json_text(value));
  }
  template <class Number>
  Object& value(std::string_view key, Number value) {
    if constexpr (std::is_floating_point_v<Number>) {
      return put(key, number(static_cast<double>(value)));
    } else {
      return put(key, fmt::format("{}", value));
    }
  }
  Object& optional(std::string_view key, const std::optional<double>& value) {
    return put(key, value ? number(*value) : "null");
  }
  std::string str() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

template <class Range, class ToJson>
std::string array(const Range& range, ToJson to_json) {
  std::string text;
  for (const auto& each : range) text += (text.empty() ? "" : ", ") + to_json(each);
  return "[" + text + "]";
}

std::string band_json(const BandRole& role) {
  Object object;
  object.value("index", role.index + 1);
  object.text_or_null("name", role.file_name);
  object.text_or_null("role", role.band ? name(*role.band) : std::string_view());
  object.text("from", name(role.source));
  object.text("why", role.why);
  object.optional("wavelength_nm", role.wavelength_nm);
  return object.str();
}

std::string index_json(const IndexResult& result) {
  const Statistics& s = result.statistics;
  Object object;
  object.value("mean", s.mean).value("std", s.std).value("min", s.min).value("max", s.max);
  object.value("p2", s.p2).value("p50", s.p50).value("p98", s.p98);
  object.value("valid_px", s.valid_px).value("undefined_px", s.undefined_px);
  object.text("title", result.definition.title).text("formula", result.definition.formula);
  object.text("source", result.definition.source);
  object.text_or_null("caveat", result.caveat);
  Object histogram;
  histogram.value("low", s.histogram_low).value("high", s.histogram_high);
  histogram.put("counts", array(s.histogram, [](std::int64_t n) { return fmt::format("{}", n); }));
  object.put("histogram", histogram.str());
  Object shown;
  shown.value("low", result.shown_low).value("high", result.shown_high);
  object.put("shown", shown.str());
  return object.str();
}

std::string gps_json(const Metadata& m) {
  if (!m.position) return "null";
  Object object;
  object.value("latitude", m.position->latitude).value("longitude", m.position->longitude);
  object.optional("altitude", m.position->altitude_m);
  object.optional("accuracy", m.position->accuracy_m);
  object.optional("heading", m.heading_deg);
  object.optional("height_above_ground", m.height_above_ground_m);
  return object.str();
}

std::string health_json(const Analysis& analysis) {
  if (!analysis.health) return "null";
  const Health& h = *analysis.health;
  Object object;
  object.text("status", h.status).value("score", h.score).text("advice", h.advice);
  object.text("rule", h.rule).text_or_null("caveat", h.caveat);
  return object.str();
}

std::string stress_json(const StressCell& cell) {
  Object object;
  object.value("x", cell.x).value("y", cell.y).value("severity", cell.severity);
  object.value("ndvi", cell.ndvi).optional("savi", cell.savi).optional("gndvi", cell.gndvi);
  return object.value("pixels", cell.pixels).str();
}

std::string product_json(const Product& product) {
  Object object;
  object.text("kind", name(product.kind)).text_or_null("index", product.index);
  object.text("file", product.file_name).text("type", product.media_type);
  return object.value("bytes", product.bytes).str();
}

std::string radiometry_json(const Radiometry& radiometry) {
  Object object;
  object.text("unit", name(radiometry.unit)).text("how", radiometry.how);
  return object.put("doubts", array(radiometry.doubts, json_text)).str();
}

std::string alignment_json(const BandAlignment& fit) {
  Object object;
  object.text("band", name(fit.band)).text("reference", name(fit.reference));
  object.value("dx_px", fit.dx).value("dy_px", fit.dy).value("correlation", fit.correlation);
  object.optional("residual_px", fit.residual_px);
  return object.put("is_good", fit.is_good ? "true" : "false").str();
}

std::string scale_json(const std::optional<GroundScale>& scale) {
  if (!scale) return "null";
  Object object;
  object.value("pixel_m", scale->pixel_m).value("uncertainty", scale->uncertainty);
  return object.text("source", scale->source).str();
}

}  // namespace

std::string to_json(const Analysis& analysis, std::string_view file) {
  Object object;
  object.text_or_null("file", file);
  if (analysis.files.size() > 1) object.put("files", array(analysis.files, json_text));
  object.value("width", analysis.width).value("height", analysis.height);
  object.text("type", media_type(analysis.kind)).text("samples", name(analysis.type));
  object.put("bands", array(analysis.bands, band_json));
  object.text_or_null("sensor", analysis.sensor);
  object.put("radiometry", radiometry_json(analysis.radiometry));
  if (!analysis.alignment.empty()) {
    object.put("alignment", array(analysis.alignment, alignment_json));
  }
  object.value("pixels", analysis.pixels).value("valid_px", analysis.valid_px);
  Object indices;
  for (const IndexResult& result : analysis.indices) {
    indices.put(result.definition.name, index_json(result));
  }
  object.put("indices", indices.str());
  object.put("not_computed", array(analysis.not_computed, [](const NotComputed& each) {
               return Object().text("index", each.index).text("why", each.why).str();
             }));
  object.put("health", health_json(analysis));
  object.text_or_null("no_health", analysis.no_health);
  object.put("stress", array(analysis.stress, stress_json));
  const Metadata& m = analysis.metadata;
  object.put("gps", gps_json(m)).text_or_null("gps_problem", m.position_problem);
  object.put("captured_at", m.captured_at ? json_text(to_rfc3339(*m.captured_at)) : "null");
  object.text_or_null("captured_local", m.captured_local);
  Object camera;
  camera.text_or_null("make", m.camera_make).text_or_null("model", m.camera_model);
  object.put("camera", camera.str());
  object.put("scale", scale_json(analysis.scale));
  object.put("georeference", analysis.georeference ? Object()
                                                         .text("name", analysis.georeference->name)
                                                         .value("epsg", analysis.georeference->epsg)
                                                         .str()
                                                   : "null");
  object.value("zones", analysis.zones);
  object.put("notes", array(analysis.notes, json_text));
  object.put("products", array(analysis.products, product_json));
  return object.value("wall_s", analysis.wall_s).str();
}

std::string error_json(const Error& error, std::string_view file) {
  Object what;
  what.text("code", name(error.code)).text("message", error.message);
  return Object().text("file", file).put("error", what.str()).str();
}

std::string to_csv(const Analysis& analysis) {
  std::string text = "index,mean,std,min,max,p2,p50,p98,valid_px\n";
  const auto plain = [](double value) {
    return std::isfinite(value) ? fmt::format("{:.9g}", value) : std::string();
  };
  for (const IndexResult& result : analysis.indices) {
    const Statistics& s = result.statistics;
    text += fmt::format("{},{},{},{},{},{},{},{},{}\n", result.definition.name, plain(s.mean),
                        plain(s.std), plain(s.min), plain(s.max), plain(s.p2), plain(s.p50),
                        plain(s.p98), s.valid_px);
  }
  return text;
}

}  // namespace vedette::imagery

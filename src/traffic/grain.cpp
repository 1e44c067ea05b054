#include "traffic/grain.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

}  // namespace

std::string_view name(Grain grain) {
  switch (grain) {
    case Grain::kFiveMinutes:
      return "5min";
    case Grain::kHour:
      return "hour";
    case Grain::kDay:
      return "day";
  }
  return "hour";
}

std::optional<Grain> grain_named(std::string_view text) {
  for (const Grain grain : {Grain::kFiveMinutes, Grain::kHour, Grain::kDay}) {
    if (text == name(grain)) return grain;
  }
  return std::nullopt;
}

Micros length_of(Grain grain) {
  switch (grain) {
    case Grain::kFiveMinutes:
      return 5min;
    case Grain::kHour:
      return 1h;
    case Grain::kDay:
      return 24h;
  }
  return 1h;
}

GrainTables tables_of(Grain grain) {
  if (grain == Grain::kFiveMinutes) return {"traffic_5min", "bucket", "coverage_5min"};
  return {"traffic_history", "report_hour", "coverage_hour"};
}

}  // namespace vedette::traffic

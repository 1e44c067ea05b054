// The settings of the fields: what is taken in, how many images are worked on at once, the sweep.
#include <array>
#include <chrono>

#include "config/table_rows.hpp"

namespace vedette::config {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr double kTebibyte = kMebibyte * kMebibyte;

const std::array kRows = std::to_array<Declaration>({
    {.name = "imagery.max_image",
     .shape = size(1024, kTebibyte),
     .default_text = "4GiB",
     .help = "A larger image is refused while it is sent, with 413",
     .apply = [](Settings& s, const Value& v) { s.imagery.max_image = std::get<std::int64_t>(v); }},
    {.name = "imagery.max_request",
     .shape = size(1024, kTebibyte),
     .default_text = "16GiB",
     .help = "A larger request, of however many images, is refused with 413",
     .apply = [](Settings& s,
                 const Value& v) { s.imagery.max_request = std::get<std::int64_t>(v); }},
    {.name = "imagery.max_files",
     .shape = whole(1, 10'000),
     .default_text = "500",
     .help = "Images in one request; more are refused with 413",
     .apply = [](Settings& s, const Value& v) { s.imagery.max_files = as_int(v); }},
    {.name = "imagery.workers",
     .shape = whole(1, 64),
     .default_text = "2",
     .help = "Images that a process with the role `work` analyses at the same time",
     .apply = [](Settings& s, const Value& v) { s.imagery.workers = as_int(v); }},
    {.name = "imagery.indices",
     .shape = {.kind = Kind::kList, .may_be_empty = true},
     .default_text = "",
     .help =
         "Indices of your own beside the built-in ones, such as \"mine = (N - RE) / (N + RE)\"; "
         "with `; -1..1` behind it the range of its values, with `; reflectance` on reflectance "
         "alone",
     .apply = [](Settings& s,
                 const Value& v) { s.imagery.indices = std::get<std::vector<std::string>>(v); }},
    {.name = "imagery.upload_folder",
     .shape = path(true),
     .default_text = "",
     .help =
         "Where the original crop platform kept its images: `vedette import fields` looks there "
         "(its own name for it: UPLOAD_FOLDER)",
     .apply = [](Settings& s, const Value& v) { s.imagery.upload_folder = as_text(v); }},
    {.name = "imagery.processed_folder",
     .shape = path(true),
     .default_text = "",
     .help = "The same of its results (PROCESSED_FOLDER)",
     .apply = [](Settings& s, const Value& v) { s.imagery.processed_folder = as_text(v); }},
    {.name = "imagery.sweep_every",
     .shape = duration(seconds(1), days(30)),
     .default_text = "6h",
     .help = "How often objects that no image names are looked for",
     .apply = [](Settings& s, const Value& v) { s.imagery.sweep_every = as_time(v); }},
    {.name = "imagery.sweep_age",
     .shape = duration(seconds(1), days(365)),
     .default_text = "24h",
     .help = "Such objects are removed when they are older than this; it must be longer than an "
             "upload and an analysis take",
     .apply = [](Settings& s, const Value& v) { s.imagery.sweep_age = as_time(v); }},
});

}  // namespace

std::span<const Declaration> imagery_declarations() {
  return kRows;
}

}  // namespace vedette::config

#include "app/imagery_analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command.hpp"
#include "app/flags.hpp"
#include "app/imagery.hpp"
#include "app/progress_line.hpp"
#include "app/stop_signal.hpp"
#include "base/text.hpp"
#include "imagery/analysis.hpp"
#include "imagery/capture.hpp"
#include "imagery/panel_text.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

struct AnalyzeArguments {
  std::vector<std::string> files;
  std::string bands;
  std::string indices;
  std::string reflectance;
  std::vector<std::string> panels;
  std::string output;
  std::string products;
  int threads = 0;
  bool is_float32 = false;
};

// A picture to be: its files, or why there is none.
struct Picture {
  std::vector<fs::path> files;
  std::optional<Error> problem;
};

Result<std::vector<fs::path>> listed(const std::vector<std::string>& words) {
  std::vector<fs::path> files;
  for (const std::string& word : words) {
    std::error_code error;
    if (!fs::is_directory(word, error)) {
      files.emplace_back(word);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry : fs::directory_iterator(word, error)) {
      if (entry.is_regular_file(error)) inside.push_back(entry.path());
    }
    if (error) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the folder {} cannot be read: {}", word, error.message()));
    }
    std::ranges::sort(inside);
    files.insert(files.end(), inside.begin(), inside.end());
  }
  if (files.empty()) {
    return fail(ErrorCode::kUsage, "name pictures, or folders of pictures, to analyze");
  }
  return files;
}

// Band files of one shot belong together; what cannot be opened is a picture of its own that
// failed.
std::vector<Picture> group(const std::vector<fs::path>& files) {
  std::vector<imagery::ImageInfo> infos;
  std::vector<fs::path> good;
  std::vector<Picture> pictures;
  for (const fs::path& file : files) {
    auto info = imagery::inspect(file);
    if (info) {
      infos.push_back(std::move(*info));
      good.push_back(file);
    } else {
      pictures.push_back({{file}, std::move(info.error())});
    }
  }
  std::vector<const imagery::ImageInfo*> all;
  for (const auto& info : infos) all.push_back(&info);
  for (const auto& places : imagery::group_captures(all)) {
    Picture picture;
    for (const std::size_t place : places) picture.files.push_back(good[place]);
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

// Moves products into a folder of the picture's name.
class FolderSink final : public imagery::ProductSink {
 public:
  explicit FolderSink(fs::path folder) : folder_(std::move(folder)) {}

  Result<> take(const imagery::Product& product) override {
    std::error_code error;
    fs::create_directories(folder_, error);
    const fs::path target = folder_ / product.file_name;
    fs::rename(product.path, target, error);
    if (error == std::errc::cross_device_link) {
      fs::copy_file(product.path, target, fs::copy_options::overwrite_existing, error);
    }
    if (!error) return {};
    const bool is_full = error == std::errc::no_space_on_device;
    return fail(is_full ? ErrorCode::kDiskFull : ErrorCode::kUnavailable,
                fmt::format("{} cannot be written: {}", target.string(), error.message()));
  }

 private:
  fs::path folder_;
};

Result<> choose_products(const std::string& text, imagery::ProductOptions& into) {
  into.preview = into.pictures = into.rasters = into.zones = into.numbers = false;
  const std::array<std::pair<std::string_view, bool*>, 5> known{{{"preview", &into.preview},
                                                                 {"pictures", &into.pictures},
                                                                 {"rasters", &into.rasters},
                                                                 {"zones", &into.zones},
                                                                 {"numbers", &into.numbers}}};
  for (const std::string_view word : split(text, ',')) {
    const auto found = std::ranges::find(known, word, &std::pair<std::string_view, bool*>::first);
    if (found == known.end()) {
      return fail(ErrorCode::kUsage, fmt::format("--products: '{}' is none of preview, pictures, "
                                                 "rasters, zones, numbers",
                                                 word));
    }
    *found->second = true;
  }
  return {};
}

Result<imagery::AnalyzeOptions> read(const AnalyzeArguments& arguments,
                                     const config::Settings& settings) {
  imagery::AnalyzeOptions options;
  VEDETTE_TRY(of_settings, own_indices(settings));
  options.user_indices = std::move(of_settings);
  if (!arguments.bands.empty()) {
    VEDETTE_TRY(choice, imagery::parse_band_choice(arguments.bands));
    options.bands = std::move(choice);
  }
  for (const std::string_view word : split(arguments.indices, ',')) {
    // A formula is an index of the user's own.
    if (word.find('=') != std::string_view::npos) {
      VEDETTE_TRY(own, imagery::parse_user_index(word));
      options.indices.push_back(own.name);
      options.user_indices.push_back(std::move(own));
    } else {
      options.indices.emplace_back(word);
    }
  }
  VEDETTE_TRY(indices, imagery::make_indices(options.indices, options.user_indices));
  static_cast<void>(indices);
  if (!arguments.reflectance.empty()) {
    VEDETTE_TRY(scale, imagery::parse_reflectance_scale(arguments.reflectance));
    options.reflectance_scale = scale;
  }
  if (!arguments.panels.empty()) {
    VEDETTE_TRY(panel, imagery::read_panel(arguments.panels));
    options.panel = std::move(panel);
  }
  if (!arguments.products.empty()) {
    VEDETTE_CHECK(choose_products(arguments.products, options.products));
  }
  options.threads = arguments.threads;
  options.products.is_float32 = arguments.is_float32;
  return options;
}

void print_line(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

void print_error(const fs::path& file, const Error& error, bool is_json) {
  if (is_json) {
    print_line(imagery::error_json(error, file.string()));
  } else {
    print_line(fmt::format("{}\n  failed: {}", file.string(), error.message));
  }
}

std::string in_words(const imagery::Analysis& analysis, const Picture& picture) {
  std::string text = picture.files.front().string();
  if (picture.files.size() > 1) text += fmt::format(" and {} more", picture.files.size() - 1);
  text += fmt::format("\n  {} x {} pixels, {} with data; {}\n", analysis.width, analysis.height,
                      analysis.valid_px, analysis.radiometry.how);
  if (!analysis.indices.empty()) {
    text += fmt::format("  {:<12}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "index", "mean",
                        "std", "min", "p2", "p50", "p98", "max");
  }
  for (const auto& result : analysis.indices) {
    const auto& s = result.statistics;
    text += fmt::format("  {:<12}{:>10.4f}{:>10.4f}{:>10.4f}{:>10.4f}{:>10.4f}{:>10.4f}{:>10.4f}\n",
                        result.definition.name, s.mean, s.std, s.min, s.p2, s.p50, s.p98, s.max);
  }
  // Many fail for the same reason.
  std::vector<std::pair<std::string, std::string>> reasons;
  for (const auto& each : analysis.not_computed) {
    const auto same =
        std::ranges::find(reasons, each.why, &std::pair<std::string, std::string>::first);
    if (same == reasons.end()) {
      reasons.emplace_back(each.why, each.index);
    } else {
      same->second += ", " + each.index;
    }
  }
  for (const auto& [why, indices] : reasons) text += fmt::format("  no {}: {}\n", indices, why);
  if (analysis.health) {
    text += fmt::format("  health: {} ({}, score {:.2f}). {}\n", analysis.health->status,
                        analysis.health->advice, analysis.health->score, analysis.health->caveat);
  } else {
    text += fmt::format("  health: {}\n", analysis.no_health);
  }
  if (const auto& at = analysis.metadata.position) {
    text += fmt::format("  position: {:.7f}, {:.7f}\n", at->latitude, at->longitude);
  } else {
    text += fmt::format("  position: {}\n", analysis.metadata.position_problem);
  }
  for (const std::string& doubt : analysis.radiometry.doubts)
    text += fmt::format("  doubt: {}\n", doubt);
  for (const std::string& note : analysis.notes) text += fmt::format("  note: {}\n", note);
  for (const auto& product : analysis.products) {
    text += fmt::format("  wrote {} ({} bytes)\n", product.file_name, product.bytes);
  }
  return text;
}

// Two pictures of one name in different folders do not share a folder of products.
fs::path folder_for(const fs::path& output, const fs::path& file, std::set<std::string>& taken) {
  const std::string stem = file.stem().string();
  std::string name = stem;
  for (int number = 2; !taken.insert(name).second; ++number)
    name = fmt::format("{}-{}", stem, number);
  return output / name;
}

Result<int> run_analyze(const AnalyzeArguments& arguments, const Invocation& invocation) {
  const bool is_json = invocation.json;
  VEDETTE_TRY(options, read(arguments, invocation.settings()));
  VEDETTE_TRY(files, listed(arguments.files));
  const StopSignal signals;
  if (!arguments.output.empty()) {
    std::error_code error;
    fs::create_directories(arguments.output, error);
    if (error) {
      return fail(ErrorCode::kUnavailable, fmt::format("the folder {} cannot be made: {}",
                                                       arguments.output, error.message()));
    }
    options.scratch = arguments.output;
  }
  ProgressLine progress;
  std::set<std::string> taken;
  std::size_t failed = 0;
  const std::vector<Picture> pictures = group(files);
  for (const Picture& picture : pictures) {
    const fs::path& first = picture.files.front();
    if (picture.problem) {
      ++failed;
      print_error(first, *picture.problem, is_json);
      continue;
    }
    std::optional<FolderSink> sink;
    if (!arguments.output.empty()) sink.emplace(folder_for(arguments.output, first, taken));
    const auto shown = [&](double part, std::string_view what) {
      if (!progress.is_due()) return;
      progress.show(fmt::format("{} {} {}", progress_bar(part), first.filename().string(), what));
    };
    const auto analysis =
        imagery::analyze(picture.files, options, sink ? &*sink : nullptr, shown, signals.token());
    if (!analysis) {
      if (analysis.error().code == ErrorCode::kCancelled) return fail(analysis.error());
      if (analysis.error().code == ErrorCode::kUsage && pictures.size() == 1) {
        return fail(analysis.error());
      }
      ++failed;
      print_error(first, analysis.error(), is_json);
      continue;
    }
    print_line(is_json ? imagery::to_json(*analysis, first.string())
                       : in_words(*analysis, picture));
  }
  std::fflush(stdout);
  if (failed == 0) return kDone;
  return failed == pictures.size() ? kFailed : kPartlyDone;
}

}  // namespace

void add_analyze_command(CommandLine& line) {
  auto arguments = std::make_shared<AnalyzeArguments>();
  Flags flags = line.add(
      "analyze", "Compute vegetation indices of pictures, without a server",
      [arguments](const Invocation& invocation) { return run_analyze(*arguments, invocation); });
  flags
      .arguments("files", arguments->files,
                 "Pictures (JPEG, PNG, TIFF, JPEG 2000) or folders of them; the band files of one "
                 "shot are analysed together")
      .text("bands", "A,B,...", arguments->bands,
            "What the bands are, such as red,green,blue,nir (- for one that is none of them), or a "
            "sensor such as rededge, landsat7 or nir-in-red (default: what the file says)")
      .text(
          "indices", "A,B,...", arguments->indices,
          "Indices to compute, or formulas such as \"mine = (N - RE) / (N + RE)\" (default: those "
          "that the bands allow)")
      .text("reflectance", "NUMBER", arguments->reflectance,
            "The number in the file that stands for reflectance 1.0, such as 65535 or 10000 "
            "(default: what the file says)")
      .texts(
          "panel", "FILE:X0,Y0,X1,Y1:ALBEDO", arguments->panels,
          "The grey panel in a band file of the flight: its rectangle in pixels, its albedo; once "
          "for each band")
      .text("output", "FOLDER", arguments->output,
            "Where to write previews, maps (PNG and GeoTIFF), zones and figures (default: none are "
            "written)")
      .text("products", "A,B,...", arguments->products,
            "Which of preview, pictures, rasters, zones and numbers to write (default: all)")
      .flag("float32", arguments->is_float32, "Maps as float32 instead of scaled 16-bit numbers")
      .number("threads", 0, 64, arguments->threads, "Threads, 0 for one a core (default: 0)");
}

}  // namespace vedette::app

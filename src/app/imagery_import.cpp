#include "app/imagery_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "app/imagery_import_files.hpp"
#include "app/imagery_import_source.hpp"
#include "app/open_database.hpp"
#include "app/options.hpp"
#include "app/pipeline.hpp"
#include "app/progress_line.hpp"
#include "app/stop_signal.hpp"
#include "base/address.hpp"
#include "blob/store.hpp"
#include "db/migration.hpp"
#include "imagery/take_over.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using imagery::OriginalImage;
using imagery::OriginalStatus;

// Named one by one; of more, how many.
constexpr std::size_t kMostNamed = 20;

struct ImportArguments {
  std::string source;
  std::vector<std::string> uploads;
  std::vector<std::string> processed;
  bool is_dry_run = false;
  bool is_to_analyze = false;
};

/// What is there, before anything is taken.
struct Plan {
  std::vector<imagery::Mission> missions;
  std::int64_t images = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t waiting = 0;
  std::int64_t here = 0;  // taken over before
  std::int64_t missing = 0;
  std::vector<std::string> missing_names;  // the first of them
};

struct Outcome {
  std::int64_t taken = 0;
  std::int64_t here = 0;
  std::int64_t duplicates = 0;
  std::int64_t without_file = 0;
  std::vector<std::string> problems;  // of files that are there
};

using OnImage = std::function<Result<void>(const OriginalImage&)>;

Result<std::unique_ptr<db::Database>> open_original(const ImportSource& source) {
  db::DatabaseOptions options;
  options.url = source.database;
  options.must_be_reachable = true;
  options.read_connections = 1;
  options.write_connections = 1;
  return db::Database::open(options);
}

class Import {
 public:
  Import(const ImportArguments& arguments, const config::Settings& settings,
         const std::stop_token& stop)
      : arguments_(arguments), settings_(settings), stop_(stop) {}

  Result<void> open();
  Result<Plan> check();
  Result<Outcome> run(const Plan& plan);
  const ImportSource& source() const { return source_; }
  std::string target() const;

 private:
  /// Every image of the source, in the order of the ids or the names.
  Result<void> each(const OnImage& visit) const;
  Result<void> each_picture(const OnImage& visit) const;
  Result<bool> is_here(const OriginalImage& image) const;
  Result<void> take(const OriginalImage& image, Outcome& outcome);
  Result<void> prepare();

  const ImportArguments& arguments_;
  const config::Settings& settings_;
  const std::stop_token stop_;
  const SystemClock clock_;
  ImportSource source_;
  std::unique_ptr<db::Database> original_;
  std::optional<ImportFiles> files_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blob::Store> blobs_;
};

Result<void> Import::open() {
  VEDETTE_TRY(source, import_source(arguments_.source, arguments_.uploads, arguments_.processed,
                                    settings_));
  source_ = std::move(source);
  if (!source_.database.empty()) {
    VEDETTE_TRY(original, open_original(source_));
    original_ = std::move(original);
  }
  VEDETTE_TRY(files, ImportFiles::open(source_, settings_.data.dir / "scratch"));
  files_.emplace(std::move(files));
  VEDETTE_TRY(blobs, blob::open(blob_options(settings_)));
  blobs_ = std::move(blobs);
  // Looked into where it is; made by run().
  if (auto database = open_prepared_database(settings_)) database_ = std::move(*database);
  return {};
}

std::string Import::target() const {
  return fmt::format("{}, objects in {}", mask_address(settings_.database.url), blobs_->place());
}

Result<void> Import::prepare() {
  if (database_) return {};
  VEDETTE_CHECK(make_data_folder(settings_));
  auto options = database_options(settings_);
  options.must_be_reachable = true;
  VEDETTE_TRY(database, db::Database::open(options));
  VEDETTE_CHECK(db::migrate(*database, all_migrations()));
  database_ = std::move(database);
  return {};
}

Result<void> Import::each_picture(const OnImage& visit) const {
  VEDETTE_TRY(files, pictures_below(source_.uploads.back()));
  for (const fs::path& file : files) {
    OriginalImage image;
    image.id = "file:" + file.string();
    image.filename = file.filename().string();
    image.original_name = image.filename;
    image.file_path = file.string();
    VEDETTE_CHECK(visit(image));
  }
  return {};
}

Result<void> Import::each(const OnImage& visit) const {
  if (!original_) return each_picture(visit);
  std::string after;
  for (;;) {
    VEDETTE_TRY(page, original_->read([&](db::Session& session) {
      return imagery::original_images(session, after);
    }));
    if (page.empty()) return {};
    for (const OriginalImage& image : page) {
      if (stop_.stop_requested()) {
        return fail(ErrorCode::kCancelled, "Stopped; the same command goes on where it was.");
      }
      VEDETTE_CHECK(visit(image));
    }
    after = page.back().id;
  }
}

Result<bool> Import::is_here(const OriginalImage& image) const {
  if (!database_) return false;
  return database_->read(
      [&](db::Session& session) { return imagery::is_taken_over(session, image.id); });
}

Result<Plan> Import::check() {
  Plan plan;
  if (original_) {
    VEDETTE_TRY(missions, original_->read(imagery::original_missions));
    plan.missions = std::move(missions);
  }
  VEDETTE_CHECK(each([&](const OriginalImage& image) -> Result<void> {
    ++plan.images;
    if (image.status == OriginalStatus::kCompleted) ++plan.completed;
    if (image.status == OriginalStatus::kFailed) ++plan.failed;
    if (image.status == OriginalStatus::kWaiting) ++plan.waiting;
    VEDETTE_TRY(is_known, is_here(image));
    if (is_known) {
      ++plan.here;
      return {};
    }
    VEDETTE_TRY(place, files_->find(image, stop_));
    if (!place.is_none()) return {};
    ++plan.missing;
    if (plan.missing_names.size() < kMostNamed) {
      const std::string& where = image.file_path.empty() ? image.filename : image.file_path;
      plan.missing_names.push_back(fmt::format("{} ({})", image.original_name, where));
    }
    return {};
  }));
  return plan;
}

// Of this file, and of no other.
bool is_of_the_file(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kUnsupported ||
         error.code == ErrorCode::kTooLarge || error.code == ErrorCode::kNotFound;
}

Result<void> Import::take(const OriginalImage& image, Outcome& outcome) {
  VEDETTE_TRY(is_known, is_here(image));
  if (is_known) {
    ++outcome.here;
    return {};
  }
  imagery::TakenOver found;
  found.s3_base = object_base(settings_);
  found.is_to_analyze = arguments_.is_to_analyze;
  VEDETTE_TRY(place, files_->find(image, stop_));
  if (place.is_none()) {
    found.no_file = fmt::format(
        "Its file was not found when it was taken over from the original "
        "program ({}). Upload it again.",
        image.file_path.empty() ? image.filename : image.file_path);
  } else {
    auto file =
        files_->take(place, image, *blobs_, settings_.imagery.max_image, clock_.now(), stop_);
    if (file) {
      found.file = std::move(*file);
    } else if (is_of_the_file(file.error())) {
      found.no_file = file.error().message;
      outcome.problems.push_back(fmt::format("{}: {}", image.original_name, file.error().message));
      if (!original_) return {};  // of a folder of pictures: none of ours
    } else {
      return fail(std::move(file.error()));
    }
  }
  VEDETTE_TRY(preview, files_->take_preview(image, *blobs_));
  found.preview = std::move(preview);
  VEDETTE_TRY(how, database_->write([&](db::Session& session) {
    return imagery::take_over_image(session, image, found, clock_.now());
  }));
  if (how != imagery::TakeOver::kNew) {
    // A try: what is left is swept.
    if (found.file) (void)blobs_->remove(found.file->blob_key);
    if (found.preview) (void)blobs_->remove(found.preview->blob_key);
  }
  if (how == imagery::TakeOver::kHere) ++outcome.here;
  if (how == imagery::TakeOver::kDuplicate) ++outcome.duplicates;
  if (how == imagery::TakeOver::kNew) ++outcome.taken;
  if (how == imagery::TakeOver::kNew && !found.file) ++outcome.without_file;
  return {};
}

Result<Outcome> Import::run(const Plan& plan) {
  VEDETTE_CHECK(prepare());
  for (const imagery::Mission& mission : plan.missions) {
    VEDETTE_CHECK(database_->write([&](db::Session& session) {
      return imagery::take_over_mission(session, mission, clock_.now());
    }));
  }
  Outcome outcome;
  ProgressLine progress;
  std::int64_t done = 0;
  VEDETTE_CHECK(each([&](const OriginalImage& image) -> Result<void> {
    if (progress.is_due()) {
      const double part =
          static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(plan.images, 1));
      progress.show(fmt::format("{} {} of {} {}", progress_bar(part), done, plan.images,
                                image.original_name));
    }
    ++done;
    return take(image, outcome);
  }));
  return outcome;
}

json::array names_json(const std::vector<std::string>& names) {
  json::array all;
  for (const std::string& name : names) all.emplace_back(name);
  return all;
}

void print_plan(const Import& import, const Plan& plan) {
  fmt::print(
      "From {}: {} missions, {} images ({} completed, {} failed, {} waiting); {} of them are "
      "taken over already.\n",
      import.source().shown, plan.missions.size(), plan.images, plan.completed, plan.failed,
      plan.waiting, plan.here);
  if (plan.missing > 0) {
    fmt::print("{} files are not to be found (--uploads FOLDER says where else to look):\n",
               plan.missing);
    for (const std::string& name : plan.missing_names) fmt::print("  {}\n", name);
    const auto more = plan.missing - static_cast<std::int64_t>(plan.missing_names.size());
    if (more > 0) fmt::print("  and {} more\n", more);
  }
  fmt::print("Into {}.\n", import.target());
  std::fflush(stdout);
}

void print_outcome(const Outcome& outcome) {
  fmt::print("{} images were taken over", outcome.taken);
  if (outcome.without_file > 0) fmt::print(", {} of them without a file", outcome.without_file);
  fmt::print("; {} were here already, {} have the same bytes as another.\n", outcome.here,
             outcome.duplicates);
  for (const std::string& problem : outcome.problems) fmt::print("  {}\n", problem);
}

json::object plan_json(const Import& import, const Plan& plan) {
  return {{"source", import.source().shown},  {"target", import.target()},
          {"missions", plan.missions.size()}, {"images", plan.images},
          {"completed", plan.completed},      {"failed", plan.failed},
          {"waiting", plan.waiting},          {"here", plan.here},
          {"missing", plan.missing},          {"missing_names", names_json(plan.missing_names)}};
}

Result<int> run_import(const ImportArguments& arguments, const Invocation& invocation) {
  const StopSignal signals;
  Import import(arguments, invocation.settings(), signals.token());
  VEDETTE_CHECK(import.open());
  VEDETTE_TRY(plan, import.check());
  if (!invocation.json) print_plan(import, plan);
  json::object report = plan_json(import, plan);
  int code = plan.missing > 0 ? kPartlyDone : kDone;
  if (!arguments.is_dry_run) {
    VEDETTE_TRY(outcome, import.run(plan));
    if (!invocation.json) print_outcome(outcome);
    report["taken"] = outcome.taken;
    report["duplicates"] = outcome.duplicates;
    report["without_file"] = outcome.without_file;
    report["problems"] = names_json(outcome.problems);
    if (!outcome.problems.empty()) code = kPartlyDone;
  }
  if (invocation.json) fmt::print("{}\n", json::serialize(report));
  return code;
}

}  // namespace

void add_import_command(CommandLine& line) {
  const Flags command =
      line.add("import", "Take over what another program has, checked and resumable", nullptr);
  auto arguments = std::make_shared<ImportArguments>();
  Flags flags = line.add(
      "fields",
      "Images, missions and analyses of the original crop platform, or a folder of pictures",
      [arguments](const Invocation& invocation) { return run_import(*arguments, invocation); },
      command);
  flags
      .argument("source", arguments->source,
                "The original's database (postgresql://...), its folder with the .env, or a folder "
                "of pictures; nothing is changed there")
      .texts("uploads", "FOLDER", arguments->uploads,
             "Where its images lie (default: as its rows and its .env say)")
      .texts("processed", "FOLDER", arguments->processed,
             "Where the pictures lie that it made of them (default: as its .env says)")
      .flag("analyze", arguments->is_to_analyze,
            "Analyse all images here, also those whose figures are taken over")
      .flag("dry-run", arguments->is_dry_run, "Say what would be taken over, and take nothing");
}

}  // namespace vedette::app

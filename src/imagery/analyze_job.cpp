#include "imagery/analyze_job.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "imagery/analysis_store.hpp"
#include "imagery/capture.hpp"
#include "imagery/capture_store.hpp"
#include "imagery/image_store.hpp"
#include "imagery/local_object.hpp"
#include "imagery/mission_panel.hpp"
#include "imagery/temporary_folder.hpp"

namespace vedette::imagery {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// Progress is told in thousandths.
constexpr std::int64_t kWhole = 1000;
// What is away comes back by itself; nothing is counted against the image meanwhile.
constexpr Micros kAgain = 15s;
// Of the transaction that ends it.
constexpr Micros kTransaction = 2min;
// Files of one shot that come while it is analysed.
constexpr int kMostRaces = 20;
// From the first file of a shot to the last, in one upload; looked at again and again meanwhile.
constexpr Micros kUploadOfAShot = 10s;
constexpr Micros kForOtherBands = 2s;

std::unexpected<Error> for_good(Error error) {
  error.retryable = false;
  return fail(std::move(error));
}
std::unexpected<Error> for_good(ErrorCode code, std::string message) {
  return for_good(fail(code, std::move(message)).error());
}

bool is_passing(const Error& error) {
  return error.code == ErrorCode::kDiskFull ||
         (error.retryable && error.code != ErrorCode::kInternal);
}

Result<std::string> digest_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  Digester digester(Digester::Kind::kSha256);
  std::vector<char> piece(std::size_t{1} << 20);
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    digester.add({piece.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (!in.eof()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} cannot be read back.", file.filename().string()));
  }
  return to_hex(digester.finish());
}

// Puts products into the store as they are made, under keys that no other attempt has: what is
// removed afterwards is never what another attempt has just named in its rows.
class ProductStore final : public ProductSink {
 public:
  ProductStore(blob::Store& blobs, std::string image, work::JobContext& context)
      : blobs_(blobs), image_(std::move(image)), context_(context) {}

  Result<> take(const Product& product) override {
    VEDETTE_TRY(digest, digest_of(product.path));
    StoredProduct made{
        .name = product.file_name,
        .kind = std::string(name(product.kind)),
        .index = product.index,
        .blob_key = fmt::format("fields/products/{}/{}-{}-{}/{}", image_, context_.id(),
                                context_.fence().attempt, digest.substr(0, 16), product.file_name),
        .content_type = product.media_type,
        .size = 0,
        .sha256 = digest};
    VEDETTE_TRY(source, blob::from_file(product.path));
    VEDETTE_TRY(size,
                blobs_.put(made.blob_key, std::move(source),
                           {.content_type = made.content_type, .stop = context_.stop_token()}));
    made.size = static_cast<std::int64_t>(size);
    products_.push_back(std::move(made));
    context_.alive();
    std::error_code ignored;
    std::filesystem::remove(product.path, ignored);
    return {};
  }

  std::vector<StoredProduct> products() const { return products_; }

  /// What was stored and got no row. A try: the sweep finds what is left.
  void discard() const {
    for (const StoredProduct& one : products_) (void)blobs_.remove(one.blob_key);
  }

 private:
  blob::Store& blobs_;
  const std::string image_;
  work::JobContext& context_;
  std::vector<StoredProduct> products_;
};

class ImageAnalysis {
 public:
  ImageAnalysis(const AnalyzeImage& what, const AnalyzeParts& parts, work::JobContext& context)
      : what_(what), parts_(parts), context_(context) {}

  Result<work::JobEnd> run() {
    auto done = analyze_and_store();
    if (done || context_.stopping()) return done;
    if (!is_passing(done.error())) return done;
    return wait_for(done.error(), kAgain);
  }

 private:
  /// What the image is made of, on this machine.
  struct Files {
    std::vector<LocalObject> originals;
    std::vector<std::filesystem::path> paths;
  };

  Result<work::JobEnd> analyze_and_store();
  Result<work::JobEnd> analyze_once(const Image& image, Files files, const ImageInfo& info);
  Result<work::JobEnd> wait_for(const Error& why, Micros wait);
  bool may_get_more(const Image& image, const ImageInfo& info, std::size_t files) const;
  Result<LocalObject> fetch(const Image& image, const std::string& key);
  Result<std::string> find_lead(const ImageInfo& info);
  Result<Files> other_files(const Image& image, LocalObject own);
  Result<work::JobEnd> end_as_part(const std::string& lead);
  Result<void> finish(const FinishedAnalysis& made, const std::string& result);

  const AnalyzeImage& what_;
  const AnalyzeParts& parts_;
  work::JobContext& context_;
  std::string panel_;  // of the flight, as it was when the analysis began
};

Result<LocalObject> ImageAnalysis::fetch(const Image& image, const std::string& key) {
  if (key.empty()) {
    return for_good(ErrorCode::kNotFound,
                    fmt::format("The file of '{}' is not here: its row was taken over from another "
                                "program without it. Upload it again.",
                                image.original_name));
  }
  auto original = LocalObject::fetch(*parts_.blobs, key, parts_.scratch, context_.stop_token());
  if (original || original.error().code != ErrorCode::kNotFound) return original;
  return for_good(ErrorCode::kNotFound,
                  fmt::format("The file of '{}' is gone from {}. Upload it again.",
                              image.original_name, parts_.blobs->place()));
}

/// The image that leads the capture of which this one is a band; itself for any other.
Result<std::string> ImageAnalysis::find_lead(const ImageInfo& info) {
  const std::string key = capture_key(info);
  if (key.empty()) return what_.image;
  for (int race = 0;; ++race) {
    auto lead = parts_.database->write(
        [&](db::Session& session) -> Result<std::string> {
          VEDETTE_CHECK(context_.fence().check(session));
          return join_capture(session, what_.image, key, info.metadata.rig_index);
        },
        {.stop = context_.stop_token()});
    if (lead || lead.error().code != ErrorCode::kConflict || race == kMostRaces) return lead;
  }
}

// Its analysis is the leader's.
Result<work::JobEnd> ImageAnalysis::end_as_part(const std::string& lead) {
  const std::string result =
      json::serialize(json::object{{"image", what_.image}, {"part_of", lead}});
  VEDETTE_CHECK(parts_.database->write(
      [&](db::Session& session) -> Result<void> {
        VEDETTE_CHECK(context_.complete(session, result));
        return complete_as_part(session, what_.image, lead);
      },
      {.stop = context_.stop_token()}));
  return work::JobEnd::completed(result);
}

Result<ImageAnalysis::Files> ImageAnalysis::other_files(const Image& image, LocalObject own) {
  VEDETTE_TRY(all, parts_.database->read(
                       [&](db::Session& session) { return capture_files(session, what_.image); }));
  Files files;
  std::ptrdiff_t place = 0;  // of its own file among them
  for (const CaptureFile& one : all) {
    if (one.image == what_.image) {
      place = std::ssize(files.originals);
      continue;
    }
    VEDETTE_TRY(other, fetch(image, one.blob_key));
    files.originals.push_back(std::move(other));
  }
  files.originals.insert(files.originals.begin() + place, std::move(own));
  for (const LocalObject& original : files.originals) files.paths.push_back(original.path());
  return files;
}

// The bands of a shot come one after the other: a moment later one analysis does for all of them.
bool ImageAnalysis::may_get_more(const Image& image, const ImageInfo& info,
                                 std::size_t files) const {
  if (capture_key(info).empty() || files >= bands_of_rig(info.metadata).size()) return false;
  return parts_.clock->now() < image.uploaded_at + kUploadOfAShot;
}

Result<work::JobEnd> ImageAnalysis::analyze_and_store() {
  for (int race = 0;; ++race) {
    VEDETTE_TRY(found, parts_.database->read(
                           [&](db::Session& session) { return find_image(session, what_.image); }));
    if (!found) return for_good(ErrorCode::kNotFound, "The image was removed.");
    context_.progress(0, kWhole, "fetching the image");
    VEDETTE_TRY(own, fetch(*found, found->blob_key));
    VEDETTE_TRY(info, inspect(own.path(), parts_.options.limits));
    VEDETTE_TRY(lead, find_lead(info));
    if (lead != what_.image) return end_as_part(lead);
    VEDETTE_TRY(files, other_files(*found, std::move(own)));
    if (may_get_more(*found, info, files.paths.size())) {
      return wait_for(
          fail(ErrorCode::kUnavailable, "Waits for the other bands of this shot.").error(),
          kForOtherBands);
    }
    auto done = analyze_once(*found, std::move(files), info);
    const bool has_grown = !done && done.error().code == ErrorCode::kConflict;
    if (!has_grown || context_.stopping()) return done;
    if (race < kMostRaces) continue;
    done.error().retryable = true;
    return done;
  }
}

Result<work::JobEnd> ImageAnalysis::analyze_once(const Image& image, Files files,
                                                 const ImageInfo& info) {
  VEDETTE_TRY(scratch, TemporaryFolder::make(parts_.scratch));
  const std::string camera = camera_key(info);
  VEDETTE_TRY(options, options_of(*parts_.database, parts_.options, image, camera));
  options.scratch = scratch.path();
  VEDETTE_TRY(panel, parts_.database->read(
                         [&](db::Session& session) { return panel_of_image(session, image.id); }));
  options.panel = panel_reading(panel);
  panel_ = std::move(panel);
  ProductStore sink(*parts_.blobs, what_.image, context_);
  auto analysis = analyze(
      files.paths, options, &sink,
      [this](double part, std::string_view doing) {
        context_.progress(static_cast<std::int64_t>(part * static_cast<double>(kWhole)), kWhole,
                          doing);
      },
      context_.stop_token());
  if (!analysis) {
    sink.discard();
    return fail(std::move(analysis.error()));
  }
  const std::string result = json::serialize(json::object{
      {"image", what_.image}, {"name", image.original_name}, {"wall_s", analysis->wall_s}});
  auto finished = finish({.image = what_.image,
                          .analysis = &*analysis,
                          .camera = camera,
                          .json = to_json(*analysis, image.original_name),
                          .files = static_cast<int>(files.paths.size()),
                          .panel = panel_,
                          .products = sink.products(),
                          .job = context_.id()},
                         result);
  if (!finished) {
    // With the connection lost at the commit nobody knows: rows may name what was stored. The sweep
    // tells.
    const ErrorCode code = finished.error().code;
    const bool is_nobodys =
        code == ErrorCode::kFenced || code == ErrorCode::kNotFound || code == ErrorCode::kConflict;
    if (is_nobodys) sink.discard();
    if (code == ErrorCode::kNotFound) return for_good(std::move(finished.error()));
    return fail(std::move(finished.error()));
  }
  return work::JobEnd::completed(result);
}

// Result and status commit together, and the products of before are nobody's then.
Result<void> ImageAnalysis::finish(const FinishedAnalysis& made, const std::string& result) {
  for (;;) {
    auto replaced = parts_.database->write(
        [&](db::Session& session) -> Result<std::vector<std::string>> {
          VEDETTE_CHECK(context_.complete(session, result));
          return put_analysis(session, made, parts_.clock->now());
        },
        {.stop = context_.stop_token(), .statement_timeout = kTransaction});
    if (replaced) {
      for (const std::string& key : *replaced) (void)parts_.blobs->remove(key);
      return {};
    }
    if (!replaced.error().retryable || context_.stopping()) {
      return fail(std::move(replaced.error()));
    }
    log::warn("imagery", "the analysis of {} waits for the database: {}", made.image,
              replaced.error().message);
    context_.alive();
    if (!sleep_for(context_.stop_token(), 1s)) return fail(std::move(replaced.error()));
  }
}

// The reason stands beside the image while it waits.
Result<work::JobEnd> ImageAnalysis::wait_for(const Error& why, Micros wait) {
  log::info("imagery", "{} waits: {}", what_.image, why.message);
  auto noted = parts_.database->write(
      [&](db::Session& session) -> Result<void> {
        VEDETTE_CHECK(context_.fence().check(session));
        return put_wait_reason(session, what_.image, why.message);
      },
      {.stop = context_.stop_token()});
  if (!noted && noted.error().code == ErrorCode::kFenced) return fail(std::move(noted.error()));
  return work::JobEnd::later(wait);
}

}  // namespace

Result<AnalyzeOptions> options_of(db::Database& database, AnalyzeOptions options,
                                  const Image& image, const std::string& camera) {
  if (!image.band_choice.empty()) {
    VEDETTE_TRY(choice, parse_band_choice(image.band_choice));
    options.bands = std::move(choice);
  }
  VEDETTE_TRY(remembered,
              database.read([&](db::Session& session) { return camera_bands(session, camera); }));
  if (remembered) {
    VEDETTE_TRY(choice, parse_band_choice(*remembered));
    options.camera_bands = std::move(choice);
  }
  return options;
}

Result<AnalyzeImage> AnalyzeImage::decode(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(text, failed);
  const auto* object = failed ? nullptr : value.if_object();
  const auto* image = object != nullptr ? object->if_contains("image") : nullptr;
  if (image == nullptr || !image->is_string() || !is_image_id(std::string(image->get_string()))) {
    return fail(ErrorCode::kInvalid, "The payload must be {\"image\": \"ID\"}.");
  }
  return AnalyzeImage{std::string(image->get_string())};
}

std::string AnalyzeImage::encode() const {
  return json::serialize(json::object{{"image", image}});
}

work::JobKind analyze_image_kind(const AnalyzeParts& parts) {
  work::JobKind kind =
      work::job_kind<AnalyzeImage>(std::string(kAnalyzeImage), "Analyse an image",
                                   [parts](const AnalyzeImage& what, work::JobContext& context) {
                                     return ImageAnalysis(what, parts, context).run();
                                   });
  kind.describe = [](std::string_view payload) {
    const auto what = AnalyzeImage::decode(payload);
    return what ? fmt::format("Image {}", what->image) : std::string("An image");
  };
  kind.at_once = parts.at_once;
  kind.stall = 10min;
  kind.backoff_min = 5s;
  // A picture that kills what reads it is given up; one whose processes are killed by others a few
  // times in a row is not.
  kind.most_crashes = 6;
  return kind;
}

}  // namespace vedette::imagery

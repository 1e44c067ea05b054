// Images as rows: added with their job, found, changed by people, removed. Used by the API's
// handlers, the job that analyses and the tests. Functions over a Session belong to the caller's
// transaction; all block on the database; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"

namespace vedette::imagery {

// Beside imagery/analysis.hpp, whose Position and Product are what a picture says and what an
// analysis has just made, these are what the database holds.

/// Notices without a payload: images were added, changed or removed. (What their jobs change is
/// heard on work::kJobChangeChannel.)
inline constexpr std::string_view kImagesChannel = "images";

enum class ImageStatus {
  kUploaded,    // waits to be analysed
  kProcessing,  // a worker has it
  kCompleted,
  kFailed,  // with the reason
};

/// "uploaded", "processing", "completed", "failed", as in the table.
std::string_view name(ImageStatus status);
std::optional<ImageStatus> image_status_named(std::string_view text);

struct ImagePosition {
  double latitude = 0;                  // degrees north
  double longitude = 0;                 // degrees east
  std::optional<double> altitude = {};  // m above the sea
  std::optional<double> accuracy = {};  // m
  std::optional<double> heading = {};   // degrees, clockwise from north
  std::optional<double> ground_speed = {};
  std::optional<double> speed = {};
  std::optional<Instant> captured_at = {};
  /// "upload": told by whoever sent the image. "exif": read out of it.
  std::string source = "upload";
};

/// An image whose bytes are stored already (law 4: object first, row second).
struct NewImage {
  std::string id;
  std::string filename;       // ours, unique: the last part of the key
  std::string original_name;  // the sender's; for people
  std::string mime_type;
  std::int64_t file_size = 0;
  std::string sha256;  // of the bytes, in hexadecimal
  std::string blob_key;
  std::optional<std::string> s3_url = {};  // where the store is a bucket
  std::optional<std::string> mission = {};
  std::optional<ImagePosition> position = {};
};

struct AddedImage {
  std::string id;
  /// False: the same bytes are here already, as this id; nothing was added, and the new object is
  /// nobody's.
  bool is_new = false;
};

/// The row and its job, or neither. kNotFound: no such mission.
Result<AddedImage> add_image(db::Session& session, const NewImage& image, Instant now);

/// What the database holds of an image, with its position and the analysis's figures.
struct Image {
  std::string id;
  std::optional<std::string> mission;
  std::string filename;
  std::string original_name;
  std::string mime_type;
  std::int64_t file_size = 0;
  std::string sha256;
  std::string blob_key;
  std::optional<std::string> s3_url;
  ImageStatus status = ImageStatus::kUploaded;
  std::string error;  // why it failed, or why it waits to be tried again
  Instant uploaded_at{};
  Instant updated_at{};
  std::optional<Instant> processed_at;
  std::optional<Instant> captured_at;
  std::optional<std::int64_t> job;
  std::optional<int> width;
  std::optional<int> height;
  std::string bands;   // JSON list of names; empty: not known yet
  std::string camera;  // as imagery::camera_key() names it; empty: not known
  /// What a user said of this image's bands, as parse_band_choice() reads it; or empty.
  std::string band_choice;
  /// The image whose capture this one is a file of; else this one has so many files.
  std::optional<std::string> capture_of;
  int files = 1;
  /// It came with the demo (imagery/sample_flights.hpp).
  bool is_sample = false;
  std::int64_t revision = 0;
  std::optional<ImagePosition> position;

  struct Stats {
    std::optional<double> mean;
    std::optional<double> std;
    std::optional<double> min;
    std::optional<double> max;
  };
  struct Figures {
    Stats ndvi;
    Stats savi;
    Stats gndvi;
    /// The index that says most of this picture, for lists: "ndvi", or "vari" without near
    /// infrared.
    std::string main_index;
    std::optional<double> main_mean;
    std::optional<double> health_score;
    std::string health_status;
    std::string summary;
    std::string analysis_type;
    std::string model_version;
    std::optional<double> confidence;
    Instant analyzed_at{};
  };
  std::optional<Figures> figures;  // of the last analysis, also while it is done again
};

/// A file that the analysis made of an image.
struct StoredProduct {
  std::string name;   // "ndvi.tif": unique for its image
  std::string kind;   // as name(Product::Kind) has it: "preview", "index_png"
  std::string index;  // "ndvi", or empty
  std::string blob_key;
  std::string content_type;
  std::int64_t size = 0;
  std::string sha256;
};

/// Whether it could be an id at all: a UUID in its usual form.
bool is_image_id(std::string_view text);

Result<std::optional<Image>> find_image(db::Session& session, std::string_view id);
Result<std::optional<Image>> find_image_by_filename(db::Session& session,
                                                    std::string_view filename);
/// The ids of those whose bytes have one of these digests (hexadecimal, at most 1,000).
struct KnownDigest {
  std::string sha256;
  std::string id;
};
Result<std::vector<KnownDigest>> known_digests(db::Session& session,
                                               const std::vector<std::string>& digests);

Result<std::vector<StoredProduct>> products(db::Session& session, std::string_view image);
Result<std::optional<StoredProduct>> find_product(db::Session& session, std::string_view image,
                                                  std::string_view product);
/// The whole result of the analysis, JSON as imagery/analysis.hpp gives it; empty: none.
Result<std::string> analysis_json(db::Session& session, std::string_view image);

/// Its job: the one that has not ended, or a new one.
Result<std::int64_t> enqueue_analysis(db::Session& session, std::string_view id);
/// Analyses it (again). kConflict: it waits or is worked on already. kNotFound.
Result<void> retry_image(db::Session& session, std::string_view id);
/// Ends its job: failed, at once or when its worker has stopped. kConflict: it has ended.
/// kNotFound.
Result<void> cancel_image(db::Session& session, std::string_view id);
/// Removes all rows of the image and cancels its job; returns the keys of what is nobody's then, to
/// be removed after the commit (or swept). kNotFound.
Result<std::vector<std::string>> remove_image(db::Session& session, std::string_view id);
/// Puts it into a mission, or out of any. kNotFound: no such image, no such mission.
Result<void> move_image(db::Session& session, std::string_view id,
                        const std::optional<std::string>& mission);

/// For rows of this module, of any file: the value that a write gives to `revision`.
std::string_view revision_sql(db::Dialect dialect);

/// The columns of an Image and where they come from, for statements that list images: "SELECT " +
/// image_columns() + image_tables() + a WHERE clause over `i`.
std::string_view image_columns();
std::string_view image_tables();
Image image_from(const db::Row& row);

}  // namespace vedette::imagery

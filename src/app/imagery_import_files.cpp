#include "app/imagery_import_files.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/digest.hpp"
#include "base/id.hpp"
#include "imagery/local_object.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

// A preview is a JPEG of a few megabytes.
constexpr std::uintmax_t kMostPreview = std::uintmax_t{64} << 20;

/// As its row names it, below each of the folders, and by its last part alone.
fs::path look_for(const std::vector<fs::path>& folders, const std::string& path,
                  const std::string& filename) {
  std::error_code failed;
  const fs::path named(path);
  const auto is_file = [&](const fs::path& file) { return fs::is_regular_file(file, failed); };
  if (named.is_absolute() && is_file(named)) return named;
  for (const fs::path& folder : folders) {
    for (const fs::path& part :
         {named.relative_path(), named.filename(), fs::path(filename).filename()}) {
      if (!part.empty() && is_file(folder / part)) return folder / part;
    }
  }
  return {};
}

}  // namespace

Result<ImportFiles> ImportFiles::open(const ImportSource& source, fs::path scratch) {
  ImportFiles files;
  files.uploads_ = source.uploads;
  files.processed_ = source.processed;
  files.scratch_ = std::move(scratch);
  if (!source.bucket.s3.bucket.empty()) {
    VEDETTE_TRY(bucket, blob::open(source.bucket));
    files.bucket_ = std::move(bucket);
  }
  return files;
}

Result<ImportFiles::Place> ImportFiles::find(const imagery::OriginalImage& image,
                                             const std::stop_token& stop) const {
  if (fs::path file = look_for(uploads_, image.file_path, image.filename); !file.empty()) {
    return Place{.file = std::move(file)};
  }
  if (!bucket_ || image.s3_key.empty()) return Place{};
  auto object = bucket_->head(image.s3_key, stop);
  if (!object && object.error().code == ErrorCode::kInvalid) return Place{};  // no key of any store
  if (!object) return fail(std::move(object.error()));
  return *object ? Place{.key = image.s3_key} : Place{};
}

Result<imagery::TakenImage> ImportFiles::take(const Place& place,
                                              const imagery::OriginalImage& image,
                                              blob::Store& blobs, std::int64_t most_bytes,
                                              Instant now, const std::stop_token& stop) const {
  if (!place.file.empty()) return imagery::take_file(blobs, place.file, most_bytes, now);
  VEDETTE_TRY(copy, imagery::LocalObject::fetch(*bucket_, place.key, scratch_, stop));
  auto taken = imagery::take_file(blobs, copy.path(), most_bytes, now);
  if (!taken && !taken.error().retryable) {
    taken.error().message = fmt::format("'{}': {}", image.original_name, taken.error().message);
  }
  return taken;
}

Result<std::optional<imagery::StoredProduct>> ImportFiles::take_preview(
    const imagery::OriginalImage& image, blob::Store& blobs) const {
  if (!image.analysis || !imagery::is_image_id(image.id)) return std::nullopt;
  const std::string& path = image.analysis->processed_path;
  const fs::path file = path.empty() ? fs::path() : look_for(processed_, path, path);
  std::error_code failed;
  if (file.empty() || fs::file_size(file, failed) > kMostPreview || failed) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  // What browsers show as it is.
  if (!bytes.starts_with("\xff\xd8\xff")) return std::nullopt;
  Digester digester(Digester::Kind::kSha256);
  digester.add(bytes);
  imagery::StoredProduct preview{
      .name = "preview.jpg",
      .kind = "preview",
      .index = "",
      .blob_key = fmt::format("fields/products/{}/taken-{}/preview.jpg", image.id, random_hex(8)),
      .content_type = "image/jpeg",
      .size = static_cast<std::int64_t>(bytes.size()),
      .sha256 = to_hex(digester.finish())};
  VEDETTE_CHECK(blobs.put(preview.blob_key, blob::from_text(std::move(bytes)),
                          {.content_type = preview.content_type, .stop = {}}));
  return preview;
}

}  // namespace vedette::app

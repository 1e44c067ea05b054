#include "app/imagery_import_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/options.hpp"
#include "base/address.hpp"
#include "base/text.hpp"
#include "config/load.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

// Of the original's parts below its folder, and their .env files.
constexpr int kDeep = 2;
constexpr std::array<std::string_view, 7> kEndings{".jpg",  ".jpeg", ".png", ".tif",
                                                   ".tiff", ".jp2",  ".j2k"};

bool is_url(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

Result<config::Settings> settings_of(const fs::path& dotenv) {
  std::ifstream in(dotenv, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  config::Inputs inputs;
  inputs.dotenv = config::SourceText{dotenv.string(), std::move(text)};
  inputs.working_dir = dotenv.parent_path();
  inputs.environment = {{"HOME", inputs.working_dir.string()}};  // nothing of it is read
  VEDETTE_TRY(loaded, config::parse_settings(inputs));
  return std::move(loaded.settings);
}

void add_folder(std::vector<fs::path>& folders, const fs::path& folder) {
  std::error_code failed;
  const bool is_known = std::ranges::find(folders, folder) != folders.end();
  if (!folder.empty() && !is_known && fs::is_directory(folder, failed)) folders.push_back(folder);
}

Result<void> read_dotenv(const fs::path& file, ImportSource& into) {
  VEDETTE_TRY(settings, settings_of(file));
  if (into.database.empty() && is_url(settings.database.url)) {
    into.database = settings.database.url;
    into.shown = fmt::format("{} (from {})", mask_address(into.database), file.string());
  }
  if (into.bucket.s3.bucket.empty() && !settings.blob.bucket.empty()) {
    into.bucket = blob_options(settings);
  }
  add_folder(into.uploads, settings.imagery.upload_folder);
  add_folder(into.processed, settings.imagery.processed_folder);
  return {};
}

/// Its .env files, its folders of uploads and results, two levels deep.
Result<void> look_through(const fs::path& folder, int depth, ImportSource& into) {
  std::error_code failed;
  if (const fs::path dotenv = folder / ".env"; fs::is_regular_file(dotenv, failed)) {
    VEDETTE_CHECK(read_dotenv(dotenv, into));
  }
  add_folder(into.uploads, folder / "uploads");
  add_folder(into.processed, folder / "processed");
  if (depth == 0) return {};
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(failed) || name.starts_with('.') || name == "node_modules") continue;
    VEDETTE_CHECK(look_through(entry.path(), depth - 1, into));
  }
  return {};
}

Result<void> add_named(std::vector<fs::path>& folders, const std::vector<std::string>& named) {
  std::error_code failed;
  for (const std::string& one : named) {
    const fs::path folder = fs::absolute(one, failed).lexically_normal();
    if (!fs::is_directory(folder, failed)) {
      return fail(ErrorCode::kNotFound, fmt::format("there is no folder {}", folder.string()));
    }
    folders.push_back(folder);
  }
  return {};
}

}  // namespace

Result<ImportSource> import_source(const std::string& named,
                                   const std::vector<std::string>& uploads,
                                   const std::vector<std::string>& processed,
                                   const config::Settings& settings) {
  ImportSource source;
  VEDETTE_CHECK(add_named(source.uploads, uploads));
  VEDETTE_CHECK(add_named(source.processed, processed));
  if (is_url(named)) {
    source.database = named;
    source.shown = mask_address(named);
    // Where the original's own names say that files are (UPLOAD_FOLDER, S3_BUCKET_NAME).
    add_folder(source.uploads, settings.imagery.upload_folder);
    add_folder(source.processed, settings.imagery.processed_folder);
    if (!settings.blob.bucket.empty()) source.bucket = blob_options(settings);
    return source;
  }
  std::error_code failed;
  const fs::path folder = fs::absolute(named, failed).lexically_normal();
  if (!fs::is_directory(folder, failed)) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is neither postgresql://USER@HOST/NAME, the original's database, "
                            "nor a folder: the original's with its .env, or one of pictures",
                            mask_address(named)));
  }
  VEDETTE_CHECK(look_through(folder, kDeep, source));
  // File paths in rows begin there.
  source.uploads.push_back(folder);
  if (source.database.empty()) source.shown = fmt::format("the pictures in {}", folder.string());
  return source;
}

Result<std::vector<fs::path>> pictures_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied,
                                      failed);
  for (; !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.') || name == "processed") {
      at.disable_recursion_pending();
      continue;
    }
    std::error_code unknown;
    const std::string ending = to_lower(at->path().extension().string());
    if (at->is_regular_file(unknown) && std::ranges::find(kEndings, ending) != kEndings.end()) {
      files.push_back(at->path());
    }
  }
  if (failed) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} cannot be read: {}", folder.string(), failed.message()));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace vedette::app

#include "media/frame_source.hpp"

#include <filesystem>

#include "media/file_source.hpp"
#include "media/live_source.hpp"
#include "media/recording.hpp"

namespace vedette::media {

bool is_file_source(std::string_view url) {
  SourceOptions options;
  options.url = url;
  const auto parsed = parse_source_url(options);
  return parsed && is_file(parsed->kind);
}

Result<std::unique_ptr<FrameSource>> open_source(const SourceOptions& options,
                                                 const std::stop_token& stop) {
  VEDETTE_TRY(url, parse_source_url(options));
  std::error_code unknown;
  if (url.kind == SourceKind::kFile &&
      (!url.parts.empty() || std::filesystem::is_directory(url.path, unknown))) {
    VEDETTE_TRY(recording, Recording::find(options, stop));
    return recording.open(stop);
  }
  VEDETTE_TRY(reader, VideoReader::open(url, options, stop));
  if (reader->info().kind == SourceKind::kFile) {
    return std::make_unique<FileSource>(std::move(reader));
  }
  return std::make_unique<LiveSource>(url, options, std::move(reader));
}

}  // namespace vedette::media

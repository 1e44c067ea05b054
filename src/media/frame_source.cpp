#include "media/frame_source.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "media/file_source.hpp"
#include "media/live_source.hpp"
#include "media/recording.hpp"

namespace vedette::media {

std::unexpected<Error> not_the_same_recording(std::string_view shown) {
  return fail(ErrorCode::kConflict,
              fmt::format("The recording {} is not what it was when it was read last; it is read "
                          "anew from its beginning.",
                          shown));
}

// Reads it again.
Result<> FrameSource::pass(const Frame& known, const std::stop_token& stop) {
  for (;;) {
    auto frame = next(stop);
    // What was cut off was told the first time.
    if (!frame && frame.error().code == ErrorCode::kCorrupt) continue;
    if (!frame) return fail(std::move(frame.error()));
    if (*frame && (*frame)->number == known.number && (*frame)->media_time == known.media_time) {
      return {};
    }
    return not_the_same_recording(info().shown_url);
  }
}

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
    return std::make_unique<FileSource>(std::move(reader), url, options);
  }
  return std::make_unique<LiveSource>(url, options, std::move(reader));
}

}  // namespace vedette::media

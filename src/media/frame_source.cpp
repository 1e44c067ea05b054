#include "media/frame_source.hpp"

#include "media/file_source.hpp"
#include "media/live_source.hpp"

namespace vedette::media {

Result<std::unique_ptr<FrameSource>> open_source(const SourceOptions& options,
                                                 const std::stop_token& stop) {
  VEDETTE_TRY(url, parse_source_url(options));
  VEDETTE_TRY(reader, VideoReader::open(url, options, stop));
  if (reader->info().kind == SourceKind::kFile) {
    return std::make_unique<FileSource>(std::move(reader));
  }
  return std::make_unique<LiveSource>(url, options, std::move(reader));
}

}  // namespace vedette::media

#include "media/frame_source.hpp"

#include "media/file_source.hpp"
#include "media/live_source.hpp"

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
  VEDETTE_TRY(reader, VideoReader::open(url, options, stop));
  if (reader->info().kind == SourceKind::kFile) {
    return std::make_unique<FileSource>(std::move(reader));
  }
  return std::make_unique<LiveSource>(url, options, std::move(reader));
}

}  // namespace vedette::media

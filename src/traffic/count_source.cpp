#include "traffic/count_source.hpp"

#include <cmath>
#include <utility>

#include "base/time.hpp"
#include "media/recording.hpp"

namespace vedette::traffic {

Result<CountSource> open_to_count(const media::SourceOptions& options,
                                  const std::stop_token& stop) {
  CountSource opened;
  media::RecordingLength length;
  if (media::is_file_source(options.url)) {
    VEDETTE_TRY(recording, media::Recording::find(options, stop));
    VEDETTE_TRY(source, recording.open(stop));  // first: it says best what is wrong with a file
    opened.source = std::move(source);
    VEDETTE_TRY(identity, recording.identity(stop));
    opened.identity = std::move(identity);
    length = recording.length(stop);
  } else {
    VEDETTE_TRY(source, media::open_source(options, stop));
    opened.source = std::move(source);
  }
  const media::SourceInfo info = opened.source->info();
  if (!length.duration) length.duration = info.duration;
  if (length.frames) {
    opened.frames = *length.frames;
  } else if (length.duration && info.fps > 0) {
    opened.frames = std::llround(to_seconds(*length.duration) * info.fps);
  }
  return opened;
}

}  // namespace vedette::traffic

#include "media/container_header.hpp"

#include <sys/stat.h>

#include <chrono>
#include <cmath>

#include "media/av.hpp"
#include "media/recording_names.hpp"
#include "media/source_error.hpp"

namespace vedette::media {
namespace {

// Longer files are not made; the number is damaged.
constexpr Micros kLongest = std::chrono::days(31);
constexpr double kLeastRate = 0.01;
constexpr double kMostRate = 1000;

struct Waiting {
  std::stop_token stop;
  std::chrono::steady_clock::time_point deadline;

  static int is_over(void* self) {
    const auto* waiting = static_cast<Waiting*>(self);
    return waiting->stop.stop_requested() || std::chrono::steady_clock::now() > waiting->deadline;
  }
};

std::optional<Instant> made_at(const AVFormatContext& format, const AVStream* stream) {
  const auto* tag = av_dict_get(format.metadata, "creation_time", nullptr, 0);
  if (tag == nullptr && stream != nullptr) {
    tag = av_dict_get(stream->metadata, "creation_time", nullptr, 0);
  }
  return tag == nullptr ? std::nullopt : time_in(tag->value);
}

std::optional<Micros> duration_of(const AVFormatContext& format, const AVStream& stream) {
  // Guessed from the size and a rate that the beginning had.
  if (format.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return std::nullopt;
  std::int64_t micros = format.duration;
  if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0) {
    micros = av_rescale_q(stream.duration, stream.time_base, AVRational{1, 1'000'000});
  }
  if (micros <= 0 || micros > kLongest.count()) return std::nullopt;
  return Micros{micros};
}

std::optional<std::int64_t> frames_of(const AVStream& stream, std::optional<Micros> duration,
                                      std::int64_t bytes) {
  const double seconds = duration ? to_seconds(*duration) : 0;
  if (stream.nb_frames > 0 && stream.nb_frames <= bytes) {
    const double rate = seconds > 0 ? static_cast<double>(stream.nb_frames) / seconds : 1;
    if (rate >= kLeastRate && rate <= kMostRate) return stream.nb_frames;
  }
  AVRational rate = stream.avg_frame_rate;
  if (rate.num <= 0 || rate.den <= 0) rate = stream.r_frame_rate;
  if (rate.num <= 0 || rate.den <= 0 || seconds <= 0) return std::nullopt;
  const double per_second = av_q2d(rate);
  if (per_second < kLeastRate || per_second > kMostRate) return std::nullopt;
  return std::max<std::int64_t>(1, std::llround(per_second * seconds));
}

}  // namespace

Result<ContainerHeader> read_container_header(const SourceUrl& url, const SourceOptions& options,
                                              bool is_thorough, const std::stop_token& stop) {
  prepare_libav();
  VEDETTE_CHECK(check_folder(url, options));
  VEDETTE_CHECK(check_file(url));
  Waiting waiting{stop, std::chrono::steady_clock::now() + options.open_timeout};
  AvOptions wanted;
  wanted.set("probesize", std::to_string(options.max_probe_bytes));
  wanted.set("protocol_whitelist", "file");
  wanted.set("format_whitelist", kFileFormats);
  AVFormatContext* made = avformat_alloc_context();
  if (made == nullptr) return fail(ErrorCode::kInternal, "There is no memory to open a video.");
  made->interrupt_callback = {&Waiting::is_over, &waiting};
  // Frees the context when it fails.
  int status = avformat_open_input(&made, url.open_name.c_str(), nullptr, &wanted.entries);
  if (stop.stop_requested()) {
    if (status >= 0) avformat_close_input(&made);
    return fail(ErrorCode::kCancelled, "Reading was stopped.");
  }
  if (status < 0) {
    if (status == AVERROR_EXIT) return fail(stall_error(url, options.open_timeout, true, false));
    return fail(source_error(url, status, true));
  }
  const AvFormatPtr format(made);
  if (is_thorough && avformat_find_stream_info(format.get(), nullptr) < 0) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "Reading was stopped.");
  }
  const int at = av_find_best_stream(format.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  const AVStream* stream = at >= 0 ? format->streams[at] : nullptr;
  ContainerHeader header{.made_at = made_at(*format, stream), .frames = {}, .duration = {}};
  if (stream == nullptr) return header;
  struct stat facts{};
  if (stat(url.path.c_str(), &facts) != 0) return header;
  header.duration = duration_of(*format, *stream);
  header.frames = frames_of(*stream, header.duration, facts.st_size);
  return header;
}

}  // namespace vedette::media

#include "media/video_reader.hpp"

extern "C" {
#include <libavdevice/avdevice.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "media/container_end.hpp"
#include "media/host_check.hpp"
#include "media/source_error.hpp"

namespace vedette::media {
namespace {

constexpr Micros kPollDevice{4'000};
constexpr Micros kGoodbye{500'000};
// A damaged file may hold any number of packets that give no picture; this many in a row end it.
constexpr int kMaxBadPackets = 2'000;

Micros to_media(std::int64_t ticks, AVRational time_base) {
  return Micros{av_rescale_q(ticks, time_base, AVRational{1, 1'000'000})};
}

}  // namespace

void prepare_libav() {
  static std::once_flag once;
  std::call_once(once, [] {
    // libav writes to standard error by itself; what matters is in our own sentences.
    av_log_set_level(AV_LOG_QUIET);
    avdevice_register_all();
    avformat_network_init();
  });
}

int VideoReader::should_interrupt(void* self) {
  auto* reader = static_cast<VideoReader*>(self);
  if (reader->is_elsewhere()) reader->is_led_away_ = true;
  return reader->is_led_away_ || (reader->http_ && reader->http_->refusal()) ||
         reader->stop_.stop_requested() || std::chrono::steady_clock::now() > reader->deadline_;
}

// libav follows an RTSP redirect by itself. It says so before it does: the last moment at which the
// other host can be kept from hearing of us at all, by allowing no protocol any more. (Were it not
// said, should_interrupt() would end what has begun before anything is sent.)
void VideoReader::hear(void* whom, int /*level*/, const char* /*format*/, std::va_list /*values*/) {
  if (whom == nullptr || *static_cast<const AVClass**>(whom) != avformat_get_class()) return;
  auto* format = static_cast<AVFormatContext*>(whom);
  if (format->interrupt_callback.callback != &VideoReader::should_interrupt) return;
  auto* reader = static_cast<VideoReader*>(format->interrupt_callback.opaque);
  if (reader->is_led_away_ || !reader->is_elsewhere()) return;
  reader->is_led_away_ = true;
  av_opt_set(format, "protocol_whitelist", "none", 0);
}

// Where libav goes on to is left here.
bool VideoReader::is_elsewhere() const {
  return opening_ && url_.kind == SourceKind::kRtsp && opening_->url &&
         opening_->url != url_.open_name && host_in(opening_->url) != host_in(url_.open_name);
}

VideoReader::~VideoReader() {
  // Closing a stream says good-bye to the camera and asks should_interrupt() meanwhile: a camera
  // that hangs must not hold this up, and the rest of this object must still stand.
  deadline_ = std::chrono::steady_clock::now() + kGoodbye;
  format_.reset();
}

Error VideoReader::explain(int av_error, bool while_opening) const {
  if (stop_.stop_requested()) {
    return fail(ErrorCode::kCancelled, "Reading was stopped.").error();
  }
  if (is_led_away_) {
    return fail(ErrorCode::kForbidden,
                fmt::format("The camera {} sends on to another host, which is not followed; write "
                            "that host's address instead, if it is yours.",
                            url_.shown))
        .error();
  }
  if (http_ && http_->refusal()) return *http_->refusal();
  const bool is_late = std::chrono::steady_clock::now() > deadline_;
  if (is_late || av_error == AVERROR_EXIT || av_error == AVERROR(ETIMEDOUT)) {
    const auto waited = while_opening ? options_.open_timeout : options_.read_timeout;
    return stall_error(url_, waited, while_opening, packets_since_picture_ > 0);
  }
  if (http_ && http_->last_error()) return *http_->last_error();
  return source_error(url_, av_error, while_opening);
}

Result<std::unique_ptr<VideoReader>> VideoReader::open(const SourceUrl& url,
                                                       const SourceOptions& options,
                                                       const std::stop_token& stop) {
  prepare_libav();
  static std::once_flag hears;
  std::call_once(hears, [] { av_log_set_callback(&VideoReader::hear); });
  if (is_file(url.kind)) {
    VEDETTE_CHECK(check_folder(url, options));
    VEDETTE_CHECK(check_file(url));
  }
  std::unique_ptr<VideoReader> reader(new VideoReader(url, options));
  reader->stop_ = stop;
  reader->deadline_ = std::chrono::steady_clock::now() + options.open_timeout;
  reader->is_live_ = !is_file(url.kind);
  if (url.kind == SourceKind::kRtsp) {
    VEDETTE_CHECK(check_host(url));
  }
  if (url.kind == SourceKind::kHttp) {
    VEDETTE_CHECK(reader->open_http());
  } else {
    VEDETTE_CHECK(reader->open_container());
  }
  VEDETTE_CHECK(reader->open_decoder());
  reader->stop_ = {};
  return reader;
}

Result<> VideoReader::open_container() {
  AvOptions options;
  // Our own watchdog (should_interrupt) is first; libav's is the net below it.
  const auto timeout =
      std::to_string(2 * std::max(options_.open_timeout, options_.read_timeout).count());
  options.set("probesize", std::to_string(options_.max_probe_bytes));
  const AVInputFormat* input = nullptr;
  // A file or stream that names further addresses (a playlist) must not lead anywhere else.
  switch (url_.kind) {
    case SourceKind::kFile:
    case SourceKind::kLoop:
      options.set("protocol_whitelist", "file");
      options.set("format_whitelist", kFileFormats);
      break;
    case SourceKind::kRtsp:
      options.set("protocol_whitelist", "rtsp,rtsps,rtp,udp,tcp,tls,srtp,crypto");
      options.set("rtsp_transport", options_.rtsp_over_udp ? "udp" : "tcp");
      options.set("timeout", timeout);
      break;
    case SourceKind::kHttp:
      break;
    case SourceKind::kDevice:
      input = av_find_input_format("v4l2");
      if (!input) {
        return fail(ErrorCode::kUnsupported,
                    "This build of FFmpeg has no V4L2 input; install libavdevice with V4L2.");
      }
      break;
  }

  return open_input(url_.open_name, input, &options.entries);
}

Result<> VideoReader::open_http() {
  auto input = HttpInput::open(url_, [this] { return should_interrupt(this) != 0; });
  if (!input) {
    if (should_interrupt(this)) return fail(explain(AVERROR_EXIT, true));
    return fail(std::move(input.error()));
  }
  http_ = std::move(*input);
  if (http_->is_mjpeg()) {
    // No container that libav would have to guess: one stream of single pictures.
    const auto size = http_->first_size();
    if (size.width == 0) return fail(explain(AVERROR_INVALIDDATA, true));
    format_.reset(avformat_alloc_context());
    AVStream* stream = format_ ? avformat_new_stream(format_.get(), nullptr) : nullptr;
    if (!stream) return fail(ErrorCode::kInternal, "There is no memory to open a video.");
    stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    stream->codecpar->codec_id = AV_CODEC_ID_MJPEG;
    stream->codecpar->width = size.width;
    stream->codecpar->height = size.height;
    return {};
  }
  AvOptions options;
  options.set("probesize", std::to_string(options_.max_probe_bytes));
  options.set("protocol_whitelist", "http,https,tcp,tls");
  options.set("format_whitelist", std::string(kFileFormats) + ",hls,applehttp,aac,ac3,eac3,webvtt");
  const AVInputFormat* input_format = nullptr;
  if (http_->is_playlist()) {
    input_format = av_find_input_format("hls");
    // Each item by a request of its own: open_item() looks at each.
    options.set("http_persistent", "0");
    options.set("http_multiple", "0");
  }
  VEDETTE_CHECK(open_input(http_->address(), input_format, &options.entries));
  is_live_ = http_->is_playlist() ? format_->duration <= 0 : !http_->is_finite();
  return {};
}

Result<> VideoReader::open_input(const std::string& name, const AVInputFormat* input,
                                 AVDictionary** options) {
  AVFormatContext* format = avformat_alloc_context();
  if (!format) return fail(ErrorCode::kInternal, "There is no memory to open a video.");
  format->interrupt_callback = {&VideoReader::should_interrupt, this};
  if (url_.kind == SourceKind::kDevice) format->flags |= AVFMT_FLAG_NONBLOCK;
  if (http_) http_->attach(*format);
  opening_ = format;
  // Frees the context when it fails.
  int status = avformat_open_input(&format, name.c_str(), input, options);
  opening_ = nullptr;
  if (status < 0) return fail(explain(status, true));
  format_.reset(format);
  status = avformat_find_stream_info(format_.get(), nullptr);
  if (status < 0) return fail(explain(status, true));
  return {};
}

Result<> VideoReader::open_decoder() {
  const AVCodec* decoder = nullptr;
  stream_ = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  if (stream_ == AVERROR_DECODER_NOT_FOUND) {
    const int known = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    const auto* codec_name =
        known >= 0 ? avcodec_get_name(format_->streams[known]->codecpar->codec_id) : "unknown";
    return fail(
        ErrorCode::kUnsupported,
        fmt::format(
            "The video {} is coded as {}, which this build of FFmpeg cannot decode; convert it "
            "to H.264.",
            url_.shown, codec_name));
  }
  if (stream_ < 0 || (format_->streams[stream_]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The source {} holds no video; choose a file or stream with pictures.",
                            url_.shown));
  }
  AVStream* stream = format_->streams[stream_];
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (static_cast<int>(i) != stream_) format_->streams[i]->discard = AVDISCARD_ALL;
  }

  codec_.reset(avcodec_alloc_context3(decoder));
  packet_.reset(av_packet_alloc());
  frame_.reset(av_frame_alloc());
  if (!codec_ || !packet_ || !frame_) {
    return fail(ErrorCode::kInternal, "There is no memory for a video decoder.");
  }
  int status = avcodec_parameters_to_context(codec_.get(), stream->codecpar);
  codec_->thread_count = std::max(1, options_.decoder_threads);
  codec_->thread_type = is_live_ ? FF_THREAD_SLICE : FF_THREAD_SLICE | FF_THREAD_FRAME;
  codec_->pkt_timebase = stream->time_base;
  codec_->max_pixels = static_cast<std::int64_t>(options_.max_width) * options_.max_height;
  VEDETTE_CHECK(check_size({codec_->width, codec_->height}));
  if (status >= 0) status = avcodec_open2(codec_.get(), decoder, nullptr);
  if (status < 0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The {} decoder does not take {}; convert the video to H.264.",
                            decoder->name, url_.shown),
                av_text(status));
  }
  if (codec_->width <= 0 || codec_->height <= 0) {
    return fail(
        ErrorCode::kCorrupt,
        fmt::format(
            "The source {} does not say how large its pictures are; it is damaged, or no picture "
            "came in time.",
            url_.shown));
  }

  // What has an end is a file, wherever it comes from.
  info_.kind = url_.kind == SourceKind::kHttp && !is_live_ ? SourceKind::kFile : url_.kind;
  info_.shown_url = url_.shown;
  info_.codec = avcodec_get_name(codec_->codec_id);
  if (const auto* matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr)) {
    orientation_ = orientation_of(reinterpret_cast<const std::int32_t*>(matrix));
  }
  const auto size =
      upright_size({codec_->width, codec_->height},
                   av_guess_sample_aspect_ratio(format_.get(), stream, nullptr), orientation_);
  VEDETTE_CHECK(check_size(size));
  info_.width = size.width;
  info_.height = size.height;
  AVRational rate = stream->avg_frame_rate;
  if (rate.num <= 0 || rate.den <= 0) rate = stream->r_frame_rate;
  if (rate.num > 0 && rate.den > 0) info_.fps = av_q2d(rate);
  if (info_.fps < 0.01 || info_.fps > 1000) info_.fps = 0;
  if (format_->duration > 0 && !is_live_) info_.duration = Micros{format_->duration};
  announced_packets_ = stream->nb_frames;
  clock_ = MediaClock(Micros{info_.fps > 0 ? std::llround(1e6 / info_.fps) : 40'000});
  return {};
}

int VideoReader::next_packet() {
  if (http_ && http_->is_mjpeg()) return http_->take_picture(*packet_);
  return av_read_frame(format_.get(), packet_.get());
}

Result<> VideoReader::read_packet() {
  for (;;) {
    const int status = next_packet();
    if (status == AVERROR(EAGAIN) && !should_interrupt(this)) {
      sleep_for(stop_, kPollDevice);
      continue;
    }
    if (status < 0 && should_interrupt(this)) return fail(explain(AVERROR_EXIT, false));
    if (status == AVERROR_EOF && http_ && http_->last_error()) {
      return fail(*http_->last_error());
    }
    const bool is_lost = format_->pb && format_->pb->error < 0 && format_->pb->error != AVERROR_EOF;
    if (status < 0 && http_ && is_lost) return fail(explain(AVERROR(ECONNRESET), false));
    if (status == AVERROR_EOF || (status < 0 && is_file(url_.kind))) {
      // A file that breaks off here is drained like one that ends; truncation() tells them apart.
      end_reason_ = status == AVERROR_EOF ? 0 : status;
      if (is_lost) end_reason_ = format_->pb->error;
      is_draining_ = true;
      avcodec_send_packet(codec_.get(), nullptr);
      return {};
    }
    if (status < 0) return fail(explain(status, false));
    const bool is_ours = packet_->stream_index == stream_;
    int sent = 0;
    if (is_ours && awaits_key_) {
      awaits_key_ = (packet_->flags & AV_PKT_FLAG_KEY) == 0;
      if (awaits_key_) {
        av_packet_unref(packet_.get());
        continue;
      }
    }
    if (is_ours) {
      ++packets_;
      ++packets_since_picture_;
      sent = avcodec_send_packet(codec_.get(), packet_.get());
    }
    av_packet_unref(packet_.get());
    if (!is_ours) continue;
    if (sent < 0 && sent != AVERROR(EAGAIN)) ++corrupt_;
    return {};
  }
}

Result<> VideoReader::check_size(PictureSize size) const {
  if (size.width <= options_.max_width && size.height <= options_.max_height) return {};
  return fail(
      ErrorCode::kTooLarge,
      fmt::format("The pictures of {} are {}x{}, more than the allowed {}x{}; choose a "
                  "smaller stream.",
                  url_.shown, size.width, size.height, options_.max_width, options_.max_height));
}

Result<std::optional<VideoReader::Decoded>> VideoReader::take_picture() {
  auto made = std::move(frame_);
  frame_.reset(av_frame_alloc());
  if (!frame_) return fail(ErrorCode::kInternal, "There is no memory for a picture.");
  VEDETTE_CHECK(check_size({made->width, made->height}));
  std::optional<Micros> stamp;
  if (made->best_effort_timestamp != AV_NOPTS_VALUE) {
    stamp = to_media(made->best_effort_timestamp, format_->streams[stream_]->time_base);
  }
  const bool is_damaged = (made->flags & AV_FRAME_FLAG_CORRUPT) != 0 ||
                          made->decode_error_flags != 0 || made->width <= 0 || made->height <= 0 ||
                          !made->data[0];
  if (is_damaged) {
    ++corrupt_;
    return std::optional<Decoded>{};
  }
  auto orientation = orientation_;
  if (const auto* said = av_frame_get_side_data(made.get(), AV_FRAME_DATA_DISPLAYMATRIX);
      said && said->size >= 9 * sizeof(std::int32_t)) {
    orientation = orientation_of(reinterpret_cast<const std::int32_t*>(said->data));
  }
  const auto pixel =
      av_guess_sample_aspect_ratio(format_.get(), format_->streams[stream_], made.get());
  VEDETTE_CHECK(check_size(upright_size({made->width, made->height}, pixel, orientation)));
  VEDETTE_TRY(shown, upright_.make(std::move(made), pixel, orientation));
  info_.width = shown->width;
  info_.height = shown->height;
  ++pictures_;
  packets_since_picture_ = 0;
  return Decoded{.picture = std::make_shared<const Picture>(std::move(shown), converter_),
                 .stamp = stamp};
}

Result<std::optional<VideoReader::Decoded>> VideoReader::read(const std::stop_token& stop) {
  VEDETTE_TRY(decoded, decode(stop));
  if (!decoded) return std::move(decoded);
  std::optional<Micros> arrival;
  if (is_live_) {
    arrival =
        std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
  }
  decoded->media_time = clock_.next(decoded->stamp, arrival);
  return std::move(decoded);
}

Result<std::optional<VideoReader::Decoded>> VideoReader::decode(const std::stop_token& stop) {
  stop_ = stop;
  const bool is_remote = !is_file(url_.kind);
  deadline_ =
      is_remote ? std::chrono::steady_clock::now() + options_.read_timeout : SteadyTime::max();
  for (;;) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "Reading was stopped.");
    const int status = avcodec_receive_frame(codec_.get(), frame_.get());
    if (status >= 0) {
      VEDETTE_TRY(decoded, take_picture());
      if (decoded) return std::move(decoded);
      continue;
    }
    if (status == AVERROR_EOF) return std::optional<Decoded>{};
    if (status != AVERROR(EAGAIN)) {
      ++corrupt_;
      if (is_draining_) return std::optional<Decoded>{};
    }
    if (is_remote && std::chrono::steady_clock::now() > deadline_) {
      return fail(explain(AVERROR_EXIT, false));
    }
    if (packets_since_picture_ > kMaxBadPackets) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("The file {} holds long stretches that cannot be decoded; copy or record it "
                      "again.",
                      url_.shown));
    }
    VEDETTE_CHECK(read_packet());
  }
}

bool VideoReader::is_cut() const {
  const std::string_view format = format_->iformat->name;
  // MP4 lists each frame there is, give or take those an edit leaves out.
  if (format.contains("mp4") && announced_packets_ > 0) {
    const auto slack = std::max<std::int64_t>(5, announced_packets_ / 50);
    if (packets_ + slack < announced_packets_) return true;
  }
  return end_reason_ != 0 || is_cut_off(url_.path, format);
}

std::optional<Error> VideoReader::truncation() const {
  if (is_live_ || (pictures_ > 0 && !is_cut())) return std::nullopt;
  if (pictures_ == 0) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("No picture of {} could be decoded; it is damaged: copy or record it "
                            "again.",
                            url_.shown))
        .error();
  }
  if (announced_packets_ > 0) {
    return fail(ErrorCode::kCorrupt,
                fmt::format(
                    "The file {} is cut off: {} of {} frames could be read and were used; copy it "
                    "again to have the rest.",
                    url_.shown, pictures_, announced_packets_))
        .error();
  }
  return fail(ErrorCode::kCorrupt,
              fmt::format("The file {} breaks off after {} frames, which were used; copy it again "
                          "to have the "
                          "rest.",
                          url_.shown, pictures_),
              av_text(end_reason_))
      .error();
}

}  // namespace vedette::media

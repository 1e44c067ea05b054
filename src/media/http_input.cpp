#include "media/http_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/text.hpp"
#include "media/host_check.hpp"
#include "media/source_error.hpp"

namespace vedette::media {
namespace {

constexpr int kBuffer = 32 << 10;
constexpr std::size_t kLargestPicture = std::size_t{64} << 20;
constexpr std::string_view kJpeg = "\xFF\xD8\xFF";

int read_stream(void* stream, std::uint8_t* into, int size) {
  const int count =
      static_cast<HttpStream*>(stream)->read(std::span(into, static_cast<std::size_t>(size)));
  return count == 0 ? AVERROR_EOF : count;
}

std::int64_t seek_stream(void* opaque, std::int64_t to, int whence) {
  auto* stream = static_cast<HttpStream*>(opaque);
  if (whence == AVSEEK_SIZE) return stream->size().value_or(AVERROR(ENOSYS));
  return whence == SEEK_SET ? stream->seek(to) : AVERROR(ENOSYS);
}

AVIOContext* make_io(HttpStream& stream) {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
  if (!buffer) return nullptr;
  AVIOContext* io =
      avio_alloc_context(buffer, kBuffer, 0, &stream, &read_stream, nullptr, &seek_stream);
  if (!io) {
    av_free(buffer);
    return nullptr;
  }
  io->seekable = stream.size() ? AVIO_SEEKABLE_NORMAL : 0;
  return io;
}

void free_io(AVIOContext* io) {
  if (!io) return;
  av_freep(static_cast<void*>(&io->buffer));
  avio_context_free(&io);
}

// Cameras are set right while they are asked again and again.
std::unexpected<Error> no_video(ErrorCode code, std::string message) {
  auto error = fail(code, std::move(message));
  error.error().retryable = true;
  return error;
}

Error snapshot(const SourceUrl& url) {
  return no_video(
             ErrorCode::kUnsupported,
             fmt::format("The address {} is that of a single picture (a snapshot), not of a video; "
                         "take the address of the MJPEG or RTSP stream from the camera's manual.",
                         url.shown))
      .error();
}

}  // namespace

HttpInput::~HttpInput() {
  free_io(io_);
}

Result<std::unique_ptr<HttpInput>> HttpInput::open(const SourceUrl& url,
                                                   std::function<bool()> is_given_up) {
  std::unique_ptr<HttpInput> input(new HttpInput(url, std::move(is_given_up)));
  auto address = *url.address;
  address.user.reset();
  address.secret.reset();
  VEDETTE_TRY(stream, HttpStream::open(url, address.text(), {}, input->is_given_up_));
  input->stream_ = std::move(stream);
  VEDETTE_CHECK(input->look());
  return input;
}

Result<> HttpInput::look() {
  const auto& type = stream_->content_type();
  const auto head = stream_->peek();
  if (head.empty()) return fail(source_error(url_, AVERROR_EOF, true));
  is_mjpeg_ = type.starts_with("multipart/") || head.starts_with(kJpeg);
  if (is_mjpeg_) {
    is_bare_jpeg_ = !type.starts_with("multipart/");
    if (is_bare_jpeg_ && stream_->size()) return fail(snapshot(url_));
    return {};
  }
  const auto start = to_lower(trim(head.substr(0, 512)));
  is_playlist_ = start.starts_with("#extm3u");
  if (is_playlist_) return {};
  if (start.contains("<mpd")) {
    return no_video(ErrorCode::kUnsupported,
                    fmt::format("The address {} is that of a DASH stream, which is not read here; "
                                "take the HLS (.m3u8), MJPEG or RTSP one.",
                                url_.shown));
  }
  if (start.starts_with("<!doctype") || start.starts_with("<html") ||
      (type == "text/html" && start.starts_with('<'))) {
    return no_video(
        ErrorCode::kUnsupported,
        fmt::format("The address {} is that of a web page, not of a video; take the address of the "
                    "MJPEG or RTSP stream from the camera's manual.",
                    url_.shown));
  }
  if (type.starts_with("image/") && type != "image/gif") {
    return no_video(ErrorCode::kUnsupported,
                    fmt::format("The address {} is that of a single picture, not of a video; take "
                                "the address of the MJPEG or RTSP stream from the camera's manual.",
                                url_.shown));
  }
  if ((type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml")) &&
      is_clean_utf8(head.substr(0, std::min<std::size_t>(head.size(), 64)))) {
    return no_video(ErrorCode::kUnsupported,
                    fmt::format("The address {} answers with text ({}), not with video; take the "
                                "address of the MJPEG or RTSP stream from the camera's manual.",
                                url_.shown, type));
  }
  return {};
}

int HttpInput::fill_picture() {
  std::uint8_t bytes[kBuffer];
  while (!picture_) {
    picture_ = splitter_.next();
    if (picture_) break;
    if (splitter_.waiting() > kLargestPicture) return AVERROR_INVALIDDATA;
    const int count = stream_->read(bytes);
    if (count < 0) return count;
    if (count == 0) {
      if (is_bare_jpeg_ && pictures_ == 1) last_error_ = snapshot(url_);
      return pictures_ == 0 ? AVERROR_INVALIDDATA : AVERROR_EOF;
    }
    splitter_.push({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
  }
  return 0;
}

PictureSize HttpInput::first_size() {
  return fill_picture() < 0 ? PictureSize{} : jpeg_size(*picture_);
}

int HttpInput::take_picture(AVPacket& packet) {
  if (const int status = fill_picture(); status < 0) return status;
  if (const int status = av_new_packet(&packet, static_cast<int>(picture_->size())); status < 0) {
    return status;
  }
  std::memcpy(packet.data, picture_->data(), picture_->size());
  packet.flags |= AV_PKT_FLAG_KEY;
  picture_.reset();
  ++pictures_;
  return 0;
}

void HttpInput::attach(AVFormatContext& format) {
  if (!io_) io_ = make_io(*stream_);
  format.pb = io_;
  format.opaque = this;
  format.io_open = &HttpInput::open_item;
  format.io_close2 = &HttpInput::close_item;
}

int HttpInput::open_item(AVFormatContext* format, AVIOContext** made, const char* address,
                         int flags, AVDictionary** options) {
  if ((flags & AVIO_FLAG_WRITE) != 0) return AVERROR(EACCES);
  return static_cast<HttpInput*>(format->opaque)
      ->open_item(made, address, options ? *options : nullptr);
}

int HttpInput::open_item(AVIOContext** made, const char* address, AVDictionary* options) {
  const std::string to(address);
  if (!to.starts_with("http://") && !to.starts_with("https://")) {
    refusal_ = fail(ErrorCode::kUnsupported,
                    fmt::format("The playlist {} has encrypted parts, or parts that do not come by "
                                "HTTP; these are not read here.",
                                url_.shown))
                   .error();
    return AVERROR(EACCES);
  }
  if (host_in(to) != host_in(stream_->address())) {
    refusal_ = fail(ErrorCode::kForbidden,
                    fmt::format("The playlist {} names parts on another host, {}, which is not "
                                "followed; write that host's playlist instead, if it is yours.",
                                url_.shown, host_in(to)))
                   .error();
    return AVERROR(EACCES);
  }
  HttpStream::Range range;
  if (const auto* offset = av_dict_get(options, "offset", nullptr, 0)) {
    range.first = std::strtoll(offset->value, nullptr, 10);
  }
  if (const auto* end = av_dict_get(options, "end_offset", nullptr, 0)) {
    range.last = std::strtoll(end->value, nullptr, 10) - 1;
  }
  auto stream = HttpStream::open(url_, to, range, is_given_up_);
  if (!stream) {
    last_error_ = stream.error();
    if (stream.error().code == ErrorCode::kForbidden) refusal_ = stream.error();
    return AVERROR(EIO);
  }
  *made = make_io(**stream);
  if (!*made) return AVERROR(ENOMEM);
  (*made)->seekable = 0;
  static_cast<void>(stream->release());  // now close_item's
  return 0;
}

int HttpInput::close_item(AVFormatContext*, AVIOContext* item) {
  if (!item) return 0;
  delete static_cast<HttpStream*>(item->opaque);
  free_io(item);
  return 0;
}

}  // namespace vedette::media

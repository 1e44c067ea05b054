// What an HTTP address turned out to be - MJPEG, a playlist, a file, or no video at all - and the
// way of its bytes into libav. Every further address (a playlist's items) is asked for here too, so
// that none leads to another host. One a reader, on its thread. Only inside src/media.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "media/av.hpp"
#include "media/http_stream.hpp"
#include "media/jpeg_splitter.hpp"

namespace vedette::media {

class HttpInput {
 public:
  /// Asks, and looks at the first bytes. What is no video is an error that says what it is.
  static Result<std::unique_ptr<HttpInput>> open(const SourceUrl& url,
                                                 std::function<bool()> is_given_up);
  ~HttpInput();
  HttpInput(const HttpInput&) = delete;
  HttpInput& operator=(const HttpInput&) = delete;

  /// Single pictures: take_picture() gives them, libav's demuxers are not used.
  bool is_mjpeg() const { return is_mjpeg_; }
  bool is_playlist() const { return is_playlist_; }
  /// It has an end: a file.
  bool is_finite() const { return !is_mjpeg_ && !is_playlist_ && stream_->size(); }
  const std::string& address() const { return stream_->address(); }

  /// The next picture as a packet without a stamp; an AVERROR at the end.
  int take_picture(AVPacket& packet);
  /// The size of the first picture; zeros when none came.
  PictureSize first_size();

  /// Lets `format` read through here. This object must outlive it.
  void attach(AVFormatContext& format);
  /// Why it may not go on: an item on another host, or what else was wrong with the last one.
  const std::optional<Error>& refusal() const { return refusal_; }
  const std::optional<Error>& last_error() const { return last_error_; }

 private:
  HttpInput(SourceUrl url, std::function<bool()> is_given_up)
      : url_(std::move(url)), is_given_up_(std::move(is_given_up)) {}
  Result<> look();
  int fill_picture();
  int open_item(AVIOContext** made, const char* address, AVDictionary* options);
  static int open_item(AVFormatContext* format, AVIOContext** made, const char* address, int flags,
                       AVDictionary** options);
  static int close_item(AVFormatContext* format, AVIOContext* item);

  SourceUrl url_;
  std::function<bool()> is_given_up_;
  std::unique_ptr<HttpStream> stream_;
  AVIOContext* io_ = nullptr;
  bool is_mjpeg_ = false;
  bool is_playlist_ = false;
  bool is_bare_jpeg_ = false;
  JpegSplitter splitter_;
  std::optional<std::string_view> picture_;
  int pictures_ = 0;
  std::optional<Error> refusal_;
  std::optional<Error> last_error_;
};

}  // namespace vedette::media

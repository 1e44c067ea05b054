// Owners for libav's handles, and what its error numbers mean. Only inside src/media.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

namespace vedette::media {

struct AvFree {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

using AvFramePtr = std::unique_ptr<AVFrame, AvFree>;
using AvPacketPtr = std::unique_ptr<AVPacket, AvFree>;
using AvCodecPtr = std::unique_ptr<AVCodecContext, AvFree>;
using AvFormatPtr = std::unique_ptr<AVFormatContext, AvFree>;
using SwsPtr = std::unique_ptr<SwsContext, AvFree>;

/// Formats that hold pictures themselves: no playlists and no lists of other files.
inline constexpr const char* kFileFormats =
    "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpegts,mpeg,flv,live_flv,asf,mxf,ogg,gif,ivf,nut,rm,"
    "wav,mp3,flac,h264,hevc,m4v,mpegvideo,mjpeg,mpjpeg,mjpeg_2000,dv,swf,wtv,yuv4mpegpipe";

/// To be called before the first use of libav; cheap.
void prepare_libav();

/// Options on their way to libav, which takes out those it knows.
struct AvOptions {
  AVDictionary* entries = nullptr;
  AvOptions() = default;
  AvOptions(const AvOptions&) = delete;
  AvOptions& operator=(const AvOptions&) = delete;
  ~AvOptions() { av_dict_free(&entries); }
  void set(const char* key, const std::string& value) {
    av_dict_set(&entries, key, value.c_str(), 0);
  }
};

/// libav's text for an error number, for logs.
inline std::string av_text(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

}  // namespace vedette::media

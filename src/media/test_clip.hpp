// Short clips for tests, written with libav packet by packet: 24 pictures a second, the upper half
// bright.
#pragma once

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/display.h>
}

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "media/av.hpp"

namespace vedette::media {

struct Recipe {
  int frames = 110;
  int width = 64;
  int height = 48;
  AVRational pixel{1, 1};
  std::optional<double> turned = std::nullopt;     // degrees anticlockwise
  std::function<bool(int)> is_left_out = nullptr;  // a picture that never comes
  std::string options = std::string();             // of the muxer: movflags
  std::string made_at = std::string();             // as the container says it
};

inline void write_clip(const std::string& path, const Recipe& recipe) {
  AVFormatContext* made = nullptr;
  ASSERT_GE(avformat_alloc_output_context2(&made, nullptr, nullptr, path.c_str()), 0);
  const std::unique_ptr<AVFormatContext, void (*)(AVFormatContext*)> format(made,
                                                                            avformat_free_context);
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  const AvCodecPtr encoder(avcodec_alloc_context3(codec));
  encoder->width = recipe.width;
  encoder->height = recipe.height;
  encoder->time_base = {1, 24};
  encoder->framerate = {24, 1};
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->sample_aspect_ratio = recipe.pixel;
  encoder->bit_rate = 200'000;
  if ((made->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  }
  ASSERT_GE(avcodec_open2(encoder.get(), codec, nullptr), 0);
  AVStream* stream = avformat_new_stream(made, nullptr);
  avcodec_parameters_from_context(stream->codecpar, encoder.get());
  stream->time_base = encoder->time_base;
  stream->avg_frame_rate = encoder->framerate;
  stream->sample_aspect_ratio = recipe.pixel;
  if (recipe.turned) {
    auto* matrix = reinterpret_cast<std::int32_t*>(
        av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t)));
    av_display_rotation_set(matrix, -*recipe.turned);
  }
  if (!recipe.made_at.empty()) {
    av_dict_set(&made->metadata, "creation_time", recipe.made_at.c_str(), 0);
  }
  AVDictionary* options = nullptr;
  if (!recipe.options.empty()) av_dict_set(&options, "movflags", recipe.options.c_str(), 0);
  ASSERT_GE(avio_open(&made->pb, path.c_str(), AVIO_FLAG_WRITE), 0);
  ASSERT_GE(avformat_write_header(made, &options), 0);
  av_dict_free(&options);
  const AvFramePtr frame(av_frame_alloc());
  frame->format = encoder->pix_fmt;
  frame->width = encoder->width;
  frame->height = encoder->height;
  ASSERT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  const AvPacketPtr packet(av_packet_alloc());
  for (int n = 0; n < recipe.frames; ++n) {
    av_frame_make_writable(frame.get());
    for (int y = 0; y < frame->height; ++y) {
      // The upper half is bright, and all moves a little.
      std::memset(frame->data[0] + y * frame->linesize[0],
                  y < frame->height / 2 ? 200 + n % 20 : 40 + n % 20,
                  static_cast<std::size_t>(frame->width));
    }
    for (int plane = 1; plane < 3; ++plane) {
      std::memset(frame->data[plane], 128,
                  static_cast<std::size_t>(frame->linesize[plane]) *
                      static_cast<std::size_t>(frame->height / 2));
    }
    frame->pts = n;
    ASSERT_GE(avcodec_send_frame(encoder.get(), frame.get()), 0);
    while (avcodec_receive_packet(encoder.get(), packet.get()) >= 0) {
      if (recipe.is_left_out && recipe.is_left_out(n)) continue;
      packet->pts = packet->dts = n;
      packet->duration = 1;
      av_packet_rescale_ts(packet.get(), encoder->time_base, stream->time_base);
      av_write_frame(made, packet.get());
    }
  }
  av_write_trailer(made);
  avio_closep(&made->pb);
}

}  // namespace vedette::media

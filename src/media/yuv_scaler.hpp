// Planar YUV pictures straight to a small BGR picture, in one pass over the rows that are needed:
// what a conversion to BGR followed by a bilinear resize gives (to within rounding), at a fraction
// of the cost, since only output pixels are converted. One a session; keeps its tables and row
// buffers. Only inside src/media.
#pragma once

#include <cstdint>
#include <vector>

#include "media/picture.hpp"

namespace vedette::media {

class YuvScaler {
 public:
  /// Whether pictures of this kind can be scaled here: 8-bit YUV, planar or with interleaved colour
  /// differences (NV12), without transparency.
  static bool takes(const AVFrame& frame);

  /// Writes `frame`, scaled bilinearly to `width` x `height`, as BGR rows `stride` bytes apart.
  /// `frame` must be one that takes() accepts.
  void scale(const AVFrame& frame, int width, int height, std::uint8_t* to, std::ptrdiff_t stride);

  /// Without the processor's vector instructions: the same bytes, for tests and other processors.
  void use_plain_code() { is_vector_ = false; }

  // Fixed point as in OpenCV's resize: weights of 11 bits, rows of 15 bits.
  struct Tap {
    int first = 0;  // byte offsets in the source row
    int second = 0;
    std::int16_t first_weight = 0;
    std::int16_t second_weight = 0;
  };
  // Four output pixels made from 16 source bytes.
  struct Group {
    int base = 0;
    alignas(16) std::uint8_t shuffle[16] = {};
    alignas(16) std::int16_t weights[8] = {};
  };
  struct Taps {
    std::vector<Tap> taps;
    std::vector<Group> groups;  // empty: some group spans more than 16 bytes
  };
  // Factors of 1/4 in Q15: a value in Q7 times a factor gives Q5.
  struct Matrix {
    std::int16_t luma = 0;
    std::int16_t red_v = 0;
    std::int16_t green_u = 0;
    std::int16_t green_v = 0;
    std::int16_t blue_u = 0;
    std::int16_t black = 0;  // Q7
  };

 private:
  struct Plane {
    const std::uint8_t* data = nullptr;
    std::ptrdiff_t stride = 0;
    int row_shift = 0;
    const Taps* taps = nullptr;
    // The two source rows last scaled sideways, and which they are.
    std::vector<std::int16_t> rows[2];
    int row_numbers[2] = {-1, -1};
  };

  void prepare(const AVFrame& frame, int width, int height);
  const std::int16_t* scaled_row(Plane& plane, int source_row, int keep);

  bool is_vector_ = has_vector_code();
  static bool has_vector_code();

  int format_ = AV_PIX_FMT_NONE;
  int from_width_ = 0;
  int from_height_ = 0;
  int width_ = 0;
  int height_ = 0;
  bool is_full_range_ = false;
  int matrix_number_ = -1;
  Taps luma_taps_;
  Taps u_taps_;
  Taps v_taps_;
  std::vector<Tap> vertical_;
  Matrix matrix_;
  Plane planes_[3];
};

}  // namespace vedette::media

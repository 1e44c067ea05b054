#include "media/yuv_scaler.hpp"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <tmmintrin.h>
#define VEDETTE_VECTOR 1
#endif

namespace vedette::media {
namespace {

constexpr int kWeightOne = 2048;
constexpr int kGroup = 4;

YuvScaler::Tap make_tap(int index, double scale, int size) {
  auto position = static_cast<float>((index + 0.5) * scale - 0.5);
  int first = static_cast<int>(std::floor(position));
  float fraction = position - static_cast<float>(first);
  if (first < 0) {
    first = 0;
    fraction = 0;
  }
  if (first >= size - 1) {
    first = size - 1;
    fraction = 0;
  }
  YuvScaler::Tap tap;
  tap.first = first;
  tap.second = std::min(first + 1, size - 1);
  tap.first_weight = static_cast<std::int16_t>(std::lrint((1 - fraction) * kWeightOne));
  tap.second_weight = static_cast<std::int16_t>(std::lrint(fraction * kWeightOne));
  return tap;
}

std::vector<YuvScaler::Tap> make_taps(int from, int to) {
  std::vector<YuvScaler::Tap> taps;
  taps.reserve(static_cast<std::size_t>(to));
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) taps.push_back(make_tap(i, scale, from));
  return taps;
}

// Taps of a plane whose samples stand for 2^shift pixels and lie `step` bytes apart, and the same
// in groups of four for the vector code.
YuvScaler::Taps for_plane(const std::vector<YuvScaler::Tap>& full, int from_width, int shift,
                          int step, int offset) {
  YuvScaler::Taps result;
  result.taps = full;
  for (auto& tap : result.taps) {
    tap.first = (tap.first >> shift) * step + offset;
    tap.second = (tap.second >> shift) * step + offset;
  }
  const int row_bytes = ((from_width + (1 << shift) - 1) >> shift) * step;
  if (row_bytes < 16) return result;
  for (std::size_t i = 0; i + kGroup <= result.taps.size(); i += kGroup) {
    YuvScaler::Group group;
    group.base = std::min(result.taps[i].first, row_bytes - 16);
    for (std::size_t k = 0; k < kGroup; ++k) {
      const auto& tap = result.taps[i + k];
      const int first = tap.first - group.base;
      const int second = tap.second - group.base;
      if (first < 0 || first > 15 || second < 0 || second > 15) {
        result.groups.clear();
        return result;
      }
      // A byte index above 127 gives zero: bytes become 16-bit numbers.
      group.shuffle[4 * k] = static_cast<std::uint8_t>(first);
      group.shuffle[4 * k + 1] = 0x80;
      group.shuffle[4 * k + 2] = static_cast<std::uint8_t>(second);
      group.shuffle[4 * k + 3] = 0x80;
      group.weights[2 * k] = tap.first_weight;
      group.weights[2 * k + 1] = tap.second_weight;
    }
    result.groups.push_back(group);
  }
  return result;
}

std::int16_t quarter_q15(double factor) {
  return static_cast<std::int16_t>(std::lrint(factor / 4 * 32768));
}

// From the luma shares of red and blue (ITU-R BT.601, BT.709, BT.2020; SMPTE 240M).
YuvScaler::Matrix make_matrix(const ColourCoding& coding) {
  double red = 0.299;
  double blue = 0.114;
  if (coding.matrix == SWS_CS_ITU709) {
    red = 0.2126;
    blue = 0.0722;
  } else if (coding.matrix == SWS_CS_BT2020) {
    red = 0.2627;
    blue = 0.0593;
  } else if (coding.matrix == SWS_CS_SMPTE240M) {
    red = 0.212;
    blue = 0.087;
  }
  const double green = 1 - red - blue;
  const double luma_gain = coding.is_full_range ? 1 : 255.0 / 219;
  const double chroma_gain = coding.is_full_range ? 1 : 255.0 / 224;
  YuvScaler::Matrix matrix;
  matrix.luma = quarter_q15(luma_gain);
  matrix.red_v = quarter_q15(2 * (1 - red) * chroma_gain);
  matrix.green_u = quarter_q15(2 * (1 - blue) * blue / green * chroma_gain);
  matrix.green_v = quarter_q15(2 * (1 - red) * red / green * chroma_gain);
  matrix.blue_u = quarter_q15(2 * (1 - blue) * chroma_gain);
  matrix.black = coding.is_full_range ? 0 : 16 << 7;
  return matrix;
}

// The plain code computes what the vector instructions do, bit for bit.
int mulhi(int a, int b) {
  return (a * b) >> 16;
}
int mulhrs(int a, int b) {
  return (((a * b) >> 14) + 1) >> 1;
}

void row_sideways(const std::uint8_t* from, const YuvScaler::Taps& taps, std::size_t start,
                  std::int16_t* to) {
  for (std::size_t i = start; i < taps.taps.size(); ++i) {
    const auto& tap = taps.taps[i];
    const int sum = from[tap.first] * tap.first_weight + from[tap.second] * tap.second_weight;
    to[i] = static_cast<std::int16_t>(std::min(sum >> 4, 32767));
  }
}

struct RowPair {
  const std::int16_t* first;
  const std::int16_t* second;
};

std::uint8_t to_byte(int q5) {
  return static_cast<std::uint8_t>(std::clamp((q5 + 16) >> 5, 0, 255));
}

void row_to_bgr(const RowPair (&rows)[3], int first_weight, int second_weight,
                const YuvScaler::Matrix& m, int start, int width, std::uint8_t* to) {
  for (int x = start; x < width; ++x) {
    int q7[3];
    for (int plane = 0; plane < 3; ++plane) {
      q7[plane] =
          (mulhi(rows[plane].first[x], first_weight) + mulhi(rows[plane].second[x], second_weight))
          << 5;
    }
    const int luma = mulhrs(q7[0] - m.black, m.luma);
    const int u = q7[1] - (128 << 7);
    const int v = q7[2] - (128 << 7);
    to[3 * x] = to_byte(luma + mulhrs(u, m.blue_u));
    to[3 * x + 1] = to_byte(luma - mulhrs(u, m.green_u) - mulhrs(v, m.green_v));
    to[3 * x + 2] = to_byte(luma + mulhrs(v, m.red_v));
  }
}

#ifdef VEDETTE_VECTOR

__attribute__((target("ssse3"))) void row_sideways_vector(const std::uint8_t* from,
                                                          const YuvScaler::Taps& taps,
                                                          std::int16_t* to) {
  const auto* groups = taps.groups.data();
  const std::size_t count = taps.groups.size();
  std::size_t i = 0;
  const auto four = [&](const YuvScaler::Group& group) __attribute__((target("ssse3"))) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + group.base));
    const auto pairs =
        _mm_shuffle_epi8(bytes, _mm_load_si128(reinterpret_cast<const __m128i*>(group.shuffle)));
    const auto sums =
        _mm_madd_epi16(pairs, _mm_load_si128(reinterpret_cast<const __m128i*>(group.weights)));
    return _mm_srai_epi32(sums, 4);
  };
  for (; i + 2 <= count; i += 2) {
    const auto eight = _mm_packs_epi32(four(groups[i]), four(groups[i + 1]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + kGroup * i), eight);
  }
  if (i < count) {
    const auto last = four(groups[i]);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + kGroup * i), _mm_packs_epi32(last, last));
  }
  row_sideways(from, taps, count * kGroup, to);
}

__attribute__((target("ssse3"))) void row_to_bgr_vector(const RowPair (&rows)[3], int first_weight,
                                                        int second_weight,
                                                        const YuvScaler::Matrix& m, int width,
                                                        std::uint8_t* to) {
  const auto weight0 = _mm_set1_epi16(static_cast<std::int16_t>(first_weight));
  const auto weight1 = _mm_set1_epi16(static_cast<std::int16_t>(second_weight));
  const auto grey = _mm_set1_epi16(128 << 7);
  const auto black = _mm_set1_epi16(m.black);
  const auto half = _mm_set1_epi16(16);
  // Places of blue and green (0-7, 8-15) and of red (0-7) in 24 bytes of BGR.
  const auto low_bg = _mm_setr_epi8(0, 8, -1, 1, 9, -1, 2, 10, -1, 3, 11, -1, 4, 12, -1, 5);
  const auto low_r = _mm_setr_epi8(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1);
  const auto high_bg = _mm_setr_epi8(13, -1, 6, 14, -1, 7, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const auto high_r = _mm_setr_epi8(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, -1, -1, -1, -1, -1, -1);
  int x = 0;
  for (; x + 8 <= width; x += 8) {
    const auto blend = [&](const RowPair& pair) __attribute__((target("ssse3"))) {
      const auto a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pair.first + x));
      const auto b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pair.second + x));
      return _mm_slli_epi16(_mm_add_epi16(_mm_mulhi_epi16(a, weight0), _mm_mulhi_epi16(b, weight1)),
                            5);
    };
    const auto luma =
        _mm_mulhrs_epi16(_mm_sub_epi16(blend(rows[0]), black), _mm_set1_epi16(m.luma));
    const auto u = _mm_sub_epi16(blend(rows[1]), grey);
    const auto v = _mm_sub_epi16(blend(rows[2]), grey);
    const auto rounded = _mm_add_epi16(luma, half);
    const auto blue =
        _mm_srai_epi16(_mm_add_epi16(rounded, _mm_mulhrs_epi16(u, _mm_set1_epi16(m.blue_u))), 5);
    const auto green = _mm_srai_epi16(
        _mm_sub_epi16(_mm_sub_epi16(rounded, _mm_mulhrs_epi16(u, _mm_set1_epi16(m.green_u))),
                      _mm_mulhrs_epi16(v, _mm_set1_epi16(m.green_v))),
        5);
    const auto red =
        _mm_srai_epi16(_mm_add_epi16(rounded, _mm_mulhrs_epi16(v, _mm_set1_epi16(m.red_v))), 5);
    const auto bg = _mm_packus_epi16(blue, green);
    const auto r = _mm_packus_epi16(red, red);
    auto* out = to + 3 * static_cast<std::ptrdiff_t>(x);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm_or_si128(_mm_shuffle_epi8(bg, low_bg), _mm_shuffle_epi8(r, low_r)));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 16),
                     _mm_or_si128(_mm_shuffle_epi8(bg, high_bg), _mm_shuffle_epi8(r, high_r)));
  }
  row_to_bgr(rows, first_weight, second_weight, m, x, width, to);
}

#endif

}  // namespace

bool YuvScaler::has_vector_code() {
#ifdef VEDETTE_VECTOR
  return __builtin_cpu_supports("ssse3");
#else
  return false;
#endif
}

bool YuvScaler::takes(const AVFrame& frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUV422P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUV444P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_NV12:
      return frame.linesize[0] > 0 && frame.linesize[1] > 0 && frame.linesize[2] >= 0;
    default:
      return false;
  }
}

void YuvScaler::prepare(const AVFrame& frame, int width, int height) {
  const auto coding = colour_coding(frame);
  if (coding.is_full_range != is_full_range_ || coding.matrix != matrix_number_) {
    is_full_range_ = coding.is_full_range;
    matrix_number_ = coding.matrix;
    matrix_ = make_matrix(coding);
  }
  const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (frame.format != format_ || frame.width != from_width_ || frame.height != from_height_ ||
      width != width_ || height != height_) {
    format_ = frame.format;
    from_width_ = frame.width;
    from_height_ = frame.height;
    width_ = width;
    height_ = height;
    const auto full = make_taps(from_width_, width);
    vertical_ = make_taps(from_height_, height);
    luma_taps_ = for_plane(full, from_width_, 0, 1, 0);
    const auto& u = format->comp[1];
    const auto& v = format->comp[2];
    u_taps_ = for_plane(full, from_width_, format->log2_chroma_w, u.step, u.offset);
    v_taps_ = for_plane(full, from_width_, format->log2_chroma_w, v.step, v.offset);
    for (auto& plane : planes_) {
      for (auto& row : plane.rows) row.assign(static_cast<std::size_t>(width), 0);
    }
    planes_[0].taps = &luma_taps_;
    planes_[1].taps = &u_taps_;
    planes_[2].taps = &v_taps_;
  }
  for (int i = 0; i < 3; ++i) {
    auto& plane = planes_[i];
    const int place = format->comp[i].plane;
    plane.data = frame.data[place];
    plane.stride = frame.linesize[place];
    plane.row_shift = i == 0 ? 0 : format->log2_chroma_h;
    plane.row_numbers[0] = plane.row_numbers[1] = -1;
  }
}

// The source row scaled sideways, without touching the buffer that holds row `keep`.
const std::int16_t* YuvScaler::scaled_row(Plane& plane, int source_row, int keep) {
  for (int i = 0; i < 2; ++i) {
    if (plane.row_numbers[i] == source_row) return plane.rows[i].data();
  }
  const int slot = plane.row_numbers[0] == keep ? 1 : 0;
  auto* to = plane.rows[slot].data();
  const auto* from = plane.data + source_row * plane.stride;
  plane.row_numbers[slot] = source_row;
#ifdef VEDETTE_VECTOR
  if (is_vector_ && !plane.taps->groups.empty()) {
    row_sideways_vector(from, *plane.taps, to);
    return to;
  }
#endif
  row_sideways(from, *plane.taps, 0, to);
  return to;
}

void YuvScaler::scale(const AVFrame& frame, int width, int height, std::uint8_t* to,
                      std::ptrdiff_t stride) {
  prepare(frame, width, height);
  for (int y = 0; y < height; ++y) {
    const auto& tap = vertical_[static_cast<std::size_t>(y)];
    RowPair rows[3];
    for (int i = 0; i < 3; ++i) {
      auto& plane = planes_[i];
      const int first = tap.first >> plane.row_shift;
      const int second = tap.second >> plane.row_shift;
      rows[i].first = scaled_row(plane, first, second);
      rows[i].second = scaled_row(plane, second, first);
    }
    auto* row = to + y * stride;
#ifdef VEDETTE_VECTOR
    if (is_vector_) {
      row_to_bgr_vector(rows, tap.first_weight, tap.second_weight, matrix_, width, row);
      continue;
    }
#endif
    row_to_bgr(rows, tap.first_weight, tap.second_weight, matrix_, 0, width, row);
  }
}

}  // namespace vedette::media

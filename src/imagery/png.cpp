#include "imagery/png.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

namespace vedette::imagery {
namespace {

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

void put_four(std::string& into, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) into += static_cast<char>(value >> shift & 0xFF);
}

void put_chunk(std::string& into, std::string_view kind, std::string_view body) {
  put_four(into, static_cast<std::uint32_t>(body.size()));
  const std::size_t begin = into.size();
  into += kind;
  into += body;
  put_four(into, libdeflate_crc32(0, &into[begin], into.size() - begin));
}

enum ColourType : char { kRgb = 2, kPalette = 3, kRgba = 6 };

std::string begin_png(int width, int height, ColourType type) {
  std::string png("\x89PNG\r\n\x1A\n");
  std::string head;
  put_four(head, static_cast<std::uint32_t>(width));
  put_four(head, static_cast<std::uint32_t>(height));
  head += {8, type, 0, 0, 0};
  put_chunk(png, "IHDR", head);
  return png;
}

// The compressor of this thread for a level.
libdeflate_compressor* compressor_of(int level) {
  thread_local std::array<std::unique_ptr<libdeflate_compressor, FreeCompressor>, 13> made;
  auto& one = made[static_cast<std::size_t>(level)];
  if (!one) one.reset(libdeflate_alloc_compressor(level));
  return one.get();
}

Result<> end_png(std::string& png, std::string_view rows, int level) {
  libdeflate_compressor* compressor = compressor_of(level);
  if (compressor == nullptr) {
    return fail(ErrorCode::kInternal, "there is not enough memory for a picture");
  }
  std::string packed(libdeflate_zlib_compress_bound(compressor, rows.size()), '\0');
  packed.resize(
      libdeflate_zlib_compress(compressor, rows.data(), rows.size(), packed.data(), packed.size()));
  put_chunk(png, "IDAT", packed);
  put_chunk(png, "IEND", {});
  return {};
}

// PNG's filter "up" of one row of bytes, which follows its number.
void filter_up(std::span<const std::uint8_t> row, std::span<const std::uint8_t> above, char* into) {
  *into++ = 2;
  for (std::size_t i = 0; i < row.size(); ++i) into[i] = static_cast<char>(row[i] - above[i]);
}

}  // namespace

Result<std::string> encode_png(int width, int height, std::span<const std::uint8_t> pixels,
                               std::span<const Colour> palette, bool is_first_clear, int level) {
  const auto row_bytes = static_cast<std::size_t>(width);
  std::string rows;
  rows.reserve((row_bytes + 1) * static_cast<std::size_t>(height));
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    rows += '\0';  // palette rows gain nothing from a filter
    rows.append(reinterpret_cast<const char*>(pixels.data()) + y * row_bytes, row_bytes);
  }
  std::string png = begin_png(width, height, kPalette);
  std::string colours;
  for (const Colour& colour : palette) {
    for (const std::uint8_t part : colour) colours += static_cast<char>(part);
  }
  put_chunk(png, "PLTE", colours);
  if (is_first_clear) put_chunk(png, "tRNS", std::string(1, '\0'));
  VEDETTE_CHECK(end_png(png, rows, level));
  return png;
}

Result<std::string> encode_colour_png(int width, int height,
                                      std::span<const std::uint32_t> pixels) {
  const bool is_whole =
      std::ranges::all_of(pixels, [](std::uint32_t pixel) { return pixel >> 24 == 0xFF; });
  const std::size_t samples = is_whole ? 3 : 4;
  const std::size_t row_bytes = samples * static_cast<std::size_t>(width);
  std::string rows((row_bytes + 1) * static_cast<std::size_t>(height), '\0');
  std::vector<std::uint8_t> above(row_bytes);
  std::vector<std::uint8_t> row(row_bytes);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    const std::uint32_t* from = &pixels[y * static_cast<std::size_t>(width)];
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x) {
      for (std::size_t c = 0; c < samples; ++c) {
        row[x * samples + c] = static_cast<std::uint8_t>(from[x] >> (8 * c));
      }
    }
    filter_up(row, above, &rows[y * (row_bytes + 1)]);
    row.swap(above);
  }
  std::string png = begin_png(width, height, is_whole ? kRgb : kRgba);
  VEDETTE_CHECK(end_png(png, rows, kFastPng));
  return png;
}

}  // namespace vedette::imagery

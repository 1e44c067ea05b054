#include "imagery/png.hpp"

#include <libdeflate.h>

#include <memory>

namespace vedette::imagery {
namespace {

constexpr int kLevel = 6;

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

}  // namespace

Result<std::string> encode_png(int width, int height, std::span<const std::uint8_t> pixels,
                               std::span<const Colour> palette, bool is_first_clear) {
  const auto row_bytes = static_cast<std::size_t>(width);
  std::string rows;
  rows.reserve((row_bytes + 1) * static_cast<std::size_t>(height));
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    rows += '\0';  // palette rows gain nothing from a filter
    rows.append(reinterpret_cast<const char*>(pixels.data()) + y * row_bytes, row_bytes);
  }
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (!compressor) return fail(ErrorCode::kInternal, "there is not enough memory for a picture");
  std::string packed(libdeflate_zlib_compress_bound(compressor.get(), rows.size()), '\0');
  packed.resize(libdeflate_zlib_compress(compressor.get(), rows.data(), rows.size(), packed.data(),
                                         packed.size()));
  std::string png("\x89PNG\r\n\x1A\n");
  std::string head;
  put_four(head, static_cast<std::uint32_t>(width));
  put_four(head, static_cast<std::uint32_t>(height));
  head += {8, 3, 0, 0, 0};  // 8 bits, palette
  put_chunk(png, "IHDR", head);
  std::string colours;
  for (const Colour& colour : palette) {
    for (const std::uint8_t part : colour) colours += static_cast<char>(part);
  }
  put_chunk(png, "PLTE", colours);
  if (is_first_clear) put_chunk(png, "tRNS", std::string(1, '\0'));
  put_chunk(png, "IDAT", packed);
  put_chunk(png, "IEND", {});
  return png;
}

}  // namespace vedette::imagery

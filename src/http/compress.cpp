#include "http/compress.hpp"

#include <brotli/encode.h>
#include <zlib.h>

#include "http/field_text.hpp"

namespace vedette::http {

bool is_compressible(std::string_view content_type) {
  const auto type = media_type(content_type);
  return type.starts_with("text/") || type == "application/json" ||
         type == "application/geo+json" || type == "application/javascript" ||
         type == "application/xml" || type == "application/manifest+json" ||
         type == "application/yaml" || type == "image/svg+xml" || type == "application/wasm";
}

std::optional<std::string> gzip(std::string_view bytes, int level) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemoryLevel = 8;
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return std::nullopt;
  }
  // Room for just less than the input: what does not fit is not worth sending.
  std::string out(bytes.size(), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  const auto size = stream.total_out;
  deflateEnd(&stream);
  if (!done) return std::nullopt;
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

std::optional<std::string> brotli(std::string_view bytes, int quality) {
  std::string out(bytes.size(), '\0');
  std::size_t size = out.size();
  if (BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, bytes.size(),
                            reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                            reinterpret_cast<std::uint8_t*>(out.data())) != BROTLI_TRUE) {
    return std::nullopt;
  }
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

}  // namespace vedette::http

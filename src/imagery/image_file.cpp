#include "imagery/image_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "imagery/exif.hpp"
#include "imagery/raster.hpp"
#include "imagery/read_metadata.hpp"

namespace vedette::imagery {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kHeadBytes = 64;

bool begins(std::span<const std::uint8_t> head, std::string_view with) {
  return head.size() >= with.size() && std::memcmp(head.data(), with.data(), with.size()) == 0;
}

// What else people drop on the page, so that they are told more than "unknown".
std::string_view other_kind(std::span<const std::uint8_t> head) {
  struct Known {
    std::string_view begin;
    std::string_view what;
  };
  static constexpr std::array kKnown{
      Known{"%PDF", "a PDF document"},
      Known{"PK\x03\x04"sv, "a ZIP archive (unpack it first)"},
      Known{"GIF8", "a GIF picture"},
      Known{"BM", "a BMP picture"},
      Known{"\x1F\x8B"sv, "a compressed archive (unpack it first)"},
      Known{"RIFF", "a video, sound or WebP file"},
      Known{"<?xml", "an XML file"},
      Known{"{", "a JSON file"},
      Known{"\x89HDF", "an HDF file"},
      Known{"FUJIFILM", "a raw picture of a Fujifilm camera (export it as TIFF or JPEG)"}};
  for (const Known& each : kKnown) {
    if (begins(head, each.begin)) return each.what;
  }
  if (head.size() >= 12 && begins(head.subspan(4), "ftyp")) {
    return "a video or a HEIC picture (export it as JPEG or TIFF)";
  }
  return {};
}

Result<FileKind> sniff(const TagFile& file) {
  if (file.size() == 0) {
    return fail(ErrorCode::kCorrupt,
                "the file is empty (0 bytes): the copy from the camera or card did not work");
  }
  std::array<std::uint8_t, kHeadBytes> bytes{};
  const auto head = std::span(bytes).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(kHeadBytes, file.size())));
  if (!file.read(0, head)) return fail(ErrorCode::kUnavailable, "the file cannot be read");
  if (const auto kind = kind_of(head)) return *kind;
  if (std::ranges::all_of(head, [](std::uint8_t byte) { return byte == 0; })) {
    return fail(ErrorCode::kCorrupt,
                "the file holds only zeros: the copy from the camera or card did not work");
  }
  const std::string_view other = other_kind(head);
  return fail(ErrorCode::kUnsupported,
              fmt::format("this is {}, whatever its name says; a picture is a JPEG, PNG, TIFF or "
                          "JPEG 2000 file",
                          other.empty() ? "no picture" : other));
}

Result<> check_size(std::int64_t width, std::int64_t height, FileKind kind, std::int64_t bytes,
                    const ImageLimits& limits) {
  if (width <= 0 || height <= 0) {
    return fail(ErrorCode::kCorrupt, "the file is damaged: its picture has no width or no height");
  }
  const bool is_frame = kind == FileKind::kJpeg || kind == FileKind::kPng;
  const std::int64_t most = is_frame ? limits.frame_pixels : limits.pixels;
  if (width > most / height) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("the picture says it has {} x {} pixels; {} million are the most that "
                            "are taken",
                            width, height, most / 1'000'000));
  }
  const double claimed = static_cast<double>(width) * static_cast<double>(height);
  if (claimed > 16e6 && claimed > limits.inflation * static_cast<double>(bytes)) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("the picture says it has {} x {} pixels, but the file has only {} "
                            "bytes: it is damaged, or made to fill the memory of who opens it",
                            width, height, bytes));
  }
  return {};
}

}  // namespace

std::string_view media_type(FileKind kind) {
  switch (kind) {
    case FileKind::kJpeg:
      return "image/jpeg";
    case FileKind::kPng:
      return "image/png";
    case FileKind::kTiff:
      return "image/tiff";
    case FileKind::kJpeg2000:
      return "image/jp2";
  }
  return "application/octet-stream";
}

std::string_view extension(FileKind kind) {
  switch (kind) {
    case FileKind::kJpeg:
      return ".jpg";
    case FileKind::kPng:
      return ".png";
    case FileKind::kTiff:
      return ".tif";
    case FileKind::kJpeg2000:
      return ".jp2";
  }
  return "";
}

std::optional<FileKind> kind_of(std::span<const std::uint8_t> head) {
  if (begins(head, "\xFF\xD8\xFF"sv)) return FileKind::kJpeg;
  if (begins(head, "\x89PNG\r\n\x1A\n"sv)) return FileKind::kPng;
  if (begins(head, "II*\0"sv) || begins(head, "MM\0*"sv) || begins(head, "II+\0"sv) ||
      begins(head, "MM\0+"sv)) {
    return FileKind::kTiff;
  }
  if (begins(head, "\0\0\0\x0CjP  \r\n\x87\n"sv) || begins(head, "\xFF\x4F\xFF\x51"sv)) {
    return FileKind::kJpeg2000;
  }
  return std::nullopt;
}

std::string_view name(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return "uint8";
    case SampleType::kUint16:
      return "uint16";
    case SampleType::kInt16:
      return "int16";
    case SampleType::kUint32:
      return "uint32";
    case SampleType::kInt32:
      return "int32";
    case SampleType::kFloat32:
      return "float32";
    case SampleType::kFloat64:
      return "float64";
  }
  return "";
}

std::size_t bytes_of(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return 1;
    case SampleType::kUint16:
    case SampleType::kInt16:
      return 2;
    case SampleType::kUint32:
    case SampleType::kInt32:
    case SampleType::kFloat32:
      return 4;
    case SampleType::kFloat64:
      return 8;
  }
  return 8;
}

struct ImageFile::State {
  Raster raster;
  ImageInfo info;
};

ImageFile::ImageFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ImageFile::~ImageFile() = default;
ImageFile::ImageFile(ImageFile&&) noexcept = default;
ImageFile& ImageFile::operator=(ImageFile&&) noexcept = default;

const ImageInfo& ImageFile::info() const {
  return state_->info;
}

Result<ImageFile> ImageFile::open(const std::filesystem::path& path, const ImageLimits& limits) {
  VEDETTE_TRY(file, TagFile::of_file(path));
  VEDETTE_TRY(kind, sniff(file));
  ImageInfo info;
  info.kind = kind;
  info.bytes = static_cast<std::int64_t>(file.size());
  // The head's own claims are judged before a decoder makes room for them.
  VEDETTE_TRY(embedded, find_metadata(std::move(file), kind, limits));
  if (kind != FileKind::kJpeg2000) {
    VEDETTE_CHECK(check_size(embedded.width, embedded.height, kind, info.bytes, limits));
  }
  VEDETTE_TRY(raster, Raster::open(path, kind));
  VEDETTE_CHECK(raster.describe(info));
  VEDETTE_CHECK(check_size(info.width, info.height, kind, info.bytes, limits));
  if (static_cast<int>(info.bands.size()) > limits.bands) {
    return fail(ErrorCode::kTooLarge, fmt::format("the file has {} bands; {} are the most that are "
                                                  "taken",
                                                  info.bands.size(), limits.bands));
  }
  info.notes = std::move(embedded.notes);
  info.metadata = read_metadata(embedded, info.notes);
  // A mosaic lies as its georeference says.
  if (info.georeference) info.metadata.orientation = 1;
  return ImageFile(std::make_unique<State>(State{std::move(raster), std::move(info)}));
}

Result<> ImageFile::read(const Window& window, std::span<const int> bands,
                         std::span<std::byte> samples) {
  return state_->raster.read(window, state_->info.type, bands, samples);
}

void ImageFile::keep_rows(int rows) const {
  state_->raster.keep_rows(rows);
}

Result<> ImageFile::read_mask(const Window& window, std::span<std::uint8_t> mask) {
  return state_->raster.read_mask(window, mask);
}

Result<ImageInfo> inspect(const std::filesystem::path& path, const ImageLimits& limits) {
  VEDETTE_TRY(file, ImageFile::open(path, limits));
  return file.info();
}

}  // namespace vedette::imagery

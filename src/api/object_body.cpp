#include "api/object_body.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/digest.hpp"
#include "blob/store.hpp"

namespace vedette::api {
namespace {

std::unexpected<Error> cannot_be_held(int reason) {
  return fail(reason == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kUnavailable,
              "The document cannot be got ready: the folder for temporary files cannot be written. "
              "Make room there.",
              std::strerror(reason));
}

// A file without a name: gone with its descriptor.
class UnnamedFile {
 public:
  static Result<UnnamedFile> make() {
    std::error_code error;
    std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    if (error) folder = "/tmp";
    std::string name = (folder / "vedette-answer-XXXXXX").string();
    UnnamedFile file(mkostemp(name.data(), O_CLOEXEC));
    if (file.descriptor_ < 0) return cannot_be_held(errno);
    ::unlink(name.c_str());
    return file;
  }
  UnnamedFile(UnnamedFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  UnnamedFile& operator=(UnnamedFile&&) = delete;
  ~UnnamedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Result<void> write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return cannot_be_held(errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  explicit UnnamedFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

struct Opened {
  int descriptor = -1;
  Instant modified{};
};

// Where objects are files it is sent as it lies there.
Result<Opened> open_in_place(blob::Store& blobs, std::string_view key,
                             const std::filesystem::path& place) {
  VEDETTE_TRY(info, blobs.head(key));
  const int descriptor = info ? ::open(place.c_str(), O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor >= 0) return Opened{descriptor, info->modified};
  return fail(ErrorCode::kNotFound, fmt::format("there is no object {} in {}", key, blobs.place()));
}

Result<Opened> open_copy(blob::Store& blobs, std::string_view key) {
  VEDETTE_TRY(file, UnnamedFile::make());
  VEDETTE_TRY(info, blobs.get(key, {}, [&](std::string_view piece) { return file.write(piece); }));
  return Opened{file.release(), info.modified};
}

}  // namespace

Result<http::Response> object_response(blob::Store& blobs, std::string_view key,
                                       const ObjectAnswer& how) {
  VEDETTE_TRY(place, blobs.file_of(key));
  VEDETTE_TRY(opened, place ? open_in_place(blobs, key, *place) : open_copy(blobs, key));
  VEDETTE_TRY(body, http::FileBody::of(opened.descriptor,
                                       fmt::format("\"{}\"", sha256_hex(key).substr(0, 32)),
                                       opened.modified));
  http::Response response = http::file(std::move(body), how.content_type, how.cache_control);
  if (!how.file_name.empty()) {
    response.set("content-disposition", fmt::format("attachment; filename=\"{}\"", how.file_name));
  }
  return response;
}

}  // namespace vedette::api

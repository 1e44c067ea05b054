// Takes apart the multipart/x-mixed-replace that mjpeg() of stream.hpp makes, as it comes from
// another process: foreign bytes, every part of it bounded. One stream and one thread an object.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vedette::http {

class MjpegParser {
 public:
  /// `content_type` is the answer's field with its boundary; `most_bytes` bounds one picture.
  /// kUnsupported when it is no such stream.
  static Result<MjpegParser> make(std::string_view content_type, std::size_t most_bytes);

  /// Takes the next bytes, cut anywhere. Returns the newest picture that they complete, if any:
  /// older ones are of no use to a viewer. kCorrupt for what is not this format, kTooLarge for a
  /// larger picture; after an error the stream cannot be read on.
  Result<std::optional<std::string>> take(std::string_view bytes);

 private:
  MjpegParser(std::string delimiter, std::size_t most_bytes);
  Result<std::size_t> read_head(std::string_view head) const;

  std::string delimiter_;  // the line before a part's head
  std::size_t most_bytes_;
  std::string head_;         // from the end of a picture to the next one's first byte
  std::string picture_;      // as far as it has come
  std::size_t missing_ = 0;  // bytes of the picture; 0: within a head
};

}  // namespace vedette::http

// Takes a multipart/form-data body (RFC 7578) apart as it comes, so that files of any size pass
// through in flat memory: foreign bytes, every part of them bounded but the contents, whose bound
// is the route's. One body and one thread an object.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vedette::http {

struct FormPart {
  std::string name;
  /// As the client wrote it: may hold anything, never use it as a path. Present for files.
  std::optional<std::string> file_name;
  std::string content_type;  // empty: none given
};

struct MultipartLimits {
  std::size_t parts = 32;
  std::size_t header_bytes = 4096;  // of one part; also of what stands before the first
};

class MultipartReader {
 public:
  /// Whom the reader tells; an error of theirs ends the reading and is passed on.
  struct Sink {
    std::function<Result<void>(FormPart)> begin;
    /// Some of the content of the part that has begun last; never empty, cut anywhere.
    std::function<Result<void>(std::string_view)> content;
  };

  /// `content_type` is the request's field with its boundary. kUnsupported when it is not
  /// multipart/form-data.
  static Result<MultipartReader> make(std::string_view content_type,
                                      const MultipartLimits& limits = {});

  /// Takes the next bytes, cut anywhere. kCorrupt for a broken body, kTooLarge when a limit is
  /// passed; after an error the body cannot be read on.
  Result<void> feed(std::string_view bytes, const Sink& sink);
  /// The body is over: kCorrupt when its closing boundary has not come.
  Result<void> finish() const;

 private:
  enum class State { kPreamble, kBoundary, kHead, kContent, kOver };

  MultipartReader(std::string delimiter, const MultipartLimits& limits);
  Result<std::size_t> step(std::string_view rest, const Sink& sink);
  Result<std::size_t> read_preamble(std::string_view rest);
  Result<std::size_t> read_boundary(std::string_view rest);
  Result<std::size_t> read_head(std::string_view rest, const Sink& sink);
  Result<std::size_t> read_content(std::string_view rest, const Sink& sink);

  std::string delimiter_;  // with the line end before it
  MultipartLimits limits_;
  State state_ = State::kPreamble;
  std::string held_;  // not yet understood; begins with the line end that the first delimiter lacks
  std::size_t parts_ = 0;
  std::size_t preamble_ = 0;
  std::size_t skipped_ = 0;  // of the line end between head and content, which may be a delimiter's
};

}  // namespace vedette::http

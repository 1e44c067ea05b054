// A multipart upload as its handler reads it: file after file, each in pieces as they come, in flat
// memory; the fields beside them kept. One request, one thread. Private to src/api/imagery.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http/multipart.hpp"
#include "http/request.hpp"

namespace vedette::api {

class UploadForm {
 public:
  /// kUnsupported when the request is no form. `request` outlives the form.
  static Result<UploadForm> open(const http::Request& request, int most_files);

  /// The next part that is a file; nothing at the end of the form. What was not read of the one
  /// before is skipped; fields on the way are kept. Errors as BodyStream::read() and
  /// MultipartReader.
  Result<std::optional<http::FormPart>> next_file();
  /// The next bytes of the file, good until the next call; none at its end.
  Result<std::string_view> read();

  /// A field that has come by now; all of them after next_file() gave nothing.
  std::optional<std::string_view> field(std::string_view name) const;

 private:
  using Event = std::variant<http::FormPart, std::string>;

  UploadForm(const http::Request& request, http::MultipartReader reader);
  /// More events, unless the form is over. An error comes again and again.
  Result<void> fill();
  Result<void> take_next();
  Result<void> keep_field(std::string_view content);

  const http::Request& request_;
  http::MultipartReader reader_;
  std::deque<Event> events_;
  std::string piece_;
  std::map<std::string, std::string, std::less<>> fields_;
  std::string* field_ = nullptr;  // the one that is being read
  std::size_t fields_size_ = 0;
  bool is_in_file_ = false;
  bool is_over_ = false;
  std::optional<Error> failure_;  // the form cannot be read on
};

}  // namespace vedette::api

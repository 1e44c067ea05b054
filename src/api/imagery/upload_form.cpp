#include "api/imagery/upload_form.hpp"

#include <fmt/format.h>

#include <utility>

#include "http/body_stream.hpp"

namespace vedette::api {
namespace {

// Of all fields together.
constexpr std::size_t kMostFields = std::size_t{64} << 10;
// Beside the files.
constexpr std::size_t kFieldParts = 32;

}  // namespace

Result<UploadForm> UploadForm::open(const http::Request& request, int most_files) {
  http::MultipartLimits limits;
  limits.parts = static_cast<std::size_t>(most_files) + kFieldParts;
  VEDETTE_TRY(reader,
              http::MultipartReader::make(request.header("content-type").value_or(""), limits));
  return UploadForm(request, std::move(reader));
}

UploadForm::UploadForm(const http::Request& request, http::MultipartReader reader)
    : request_(request), reader_(std::move(reader)) {}

Result<void> UploadForm::fill() {
  if (failure_) return fail(*failure_);
  auto taken = take_next();
  if (!taken) failure_ = taken.error();
  return taken;
}

Result<void> UploadForm::take_next() {
  std::string_view bytes = request_.body;  // of a call inside the process
  bool is_last = true;
  if (request_.stream) {
    VEDETTE_TRY(piece, request_.stream->read());
    bytes = piece;
    is_last = bytes.empty();
  }
  const http::MultipartReader::Sink sink{[this](http::FormPart part) -> Result<void> {
                                           events_.emplace_back(std::move(part));
                                           return {};
                                         },
                                         [this](std::string_view content) -> Result<void> {
                                           events_.emplace_back(std::string(content));
                                           return {};
                                         }};
  VEDETTE_CHECK(reader_.feed(bytes, sink));
  if (is_last) {
    VEDETTE_CHECK(reader_.finish());
    is_over_ = true;
  }
  return {};
}

Result<void> UploadForm::keep_field(std::string_view content) {
  fields_size_ += content.size();
  if (fields_size_ > kMostFields) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("The fields of the form beside its files are larger than {} KiB.",
                            kMostFields >> 10));
  }
  *field_ += content;
  return {};
}

Result<std::optional<http::FormPart>> UploadForm::next_file() {
  for (;;) {
    while (!events_.empty()) {
      Event event = std::move(events_.front());
      events_.pop_front();
      if (auto* content = std::get_if<std::string>(&event)) {
        if (field_ != nullptr) VEDETTE_CHECK(keep_field(*content));
        continue;  // else of a file that was not read to its end
      }
      auto& part = std::get<http::FormPart>(event);
      is_in_file_ = part.file_name.has_value();
      field_ = is_in_file_ ? nullptr : &fields_[part.name];
      if (is_in_file_) return std::move(part);
    }
    if (is_over_) return std::nullopt;
    VEDETTE_CHECK(fill());
  }
}

Result<std::string_view> UploadForm::read() {
  while (is_in_file_) {
    if (events_.empty()) {
      if (is_over_) break;
      VEDETTE_CHECK(fill());
      continue;
    }
    auto* content = std::get_if<std::string>(&events_.front());
    if (content == nullptr) break;
    piece_ = std::move(*content);
    events_.pop_front();
    return piece_;
  }
  is_in_file_ = false;
  return std::string_view();
}

std::optional<std::string_view> UploadForm::field(std::string_view name) const {
  const auto found = fields_.find(name);
  if (found == fields_.end()) return std::nullopt;
  return found->second;
}

}  // namespace vedette::api

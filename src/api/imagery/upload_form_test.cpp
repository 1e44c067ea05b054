#include "api/imagery/upload_form.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/body_stream.hpp"

namespace vedette::api {
namespace {

std::string part(std::string_view name, std::string_view content,
                 std::optional<std::string_view> file = {}) {
  std::string text = "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"";
  if (file) text += "; filename=\"" + std::string(*file) + "\"";
  return text + "\r\n\r\n" + std::string(content) + "\r\n";
}

/// A request whose body comes in pieces of this size, and is cut off at its end or not.
http::Request request_of(std::string body, std::size_t size, bool is_cut_off = false) {
  http::Request request;
  request.headers.add("Content-Type", "multipart/form-data; boundary=XX");
  struct Sender {
    std::string body;
    std::size_t size;
    std::size_t at;
    http::BodyStream* stream;
  };
  auto sender = std::make_shared<Sender>(Sender{std::move(body), size, 0, nullptr});
  request.stream = std::make_shared<http::BodyStream>([sender, is_cut_off] {
    for (bool goes_on = true; goes_on && sender->at < sender->body.size();) {
      auto piece = sender->body.substr(sender->at, sender->size);
      sender->at += piece.size();
      goes_on = sender->stream->put(piece);
    }
    if (sender->at < sender->body.size()) return;
    if (is_cut_off) {
      sender->stream->fail({ErrorCode::kCancelled, "The client has gone.", false, {}});
    } else {
      sender->stream->end();
    }
  });
  sender->stream = request.stream.get();
  return request;
}

struct ReadFile {
  std::string name;
  std::string content;
};

Result<std::vector<ReadFile>> read_all(UploadForm& form) {
  std::vector<ReadFile> files;
  for (;;) {
    VEDETTE_TRY(file, form.next_file());
    if (!file) return files;
    files.push_back({file->file_name.value_or(""), {}});
    for (;;) {
      VEDETTE_TRY(piece, form.read());
      if (piece.empty()) break;
      files.back().content += piece;
    }
  }
}

TEST(UploadForm, GivesFilesInOrderAndKeepsTheFields) {
  const std::string long_one(100'000, 'a');
  const std::string body = part("gps", "{}") + part("image", long_one, "a.jpg") +
                           part("image", "", "empty.jpg") + part("mission", "m") +
                           part("image", "last", "b.jpg") + "--XX--\r\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{50}, body.size()}) {
    const auto request = request_of(body, size);
    auto form = UploadForm::open(request, 10);
    ASSERT_TRUE(form);
    const auto files = read_all(*form);
    ASSERT_TRUE(files) << files.error().message;
    ASSERT_EQ(files->size(), 3U);
    EXPECT_EQ((*files)[0].name, "a.jpg");
    EXPECT_EQ((*files)[0].content, long_one);
    EXPECT_EQ((*files)[1].content, "");
    EXPECT_EQ((*files)[2].content, "last");
    EXPECT_EQ(form->field("gps"), "{}");
    EXPECT_EQ(form->field("mission"), "m");
    EXPECT_EQ(form->field("other"), std::nullopt);
  }
}

TEST(UploadForm, SkipsWhatWasNotRead) {
  const auto request = request_of(
      part("image", std::string(5'000, 'a'), "a.jpg") + part("image", "b", "b.jpg") + "--XX--",
      100);
  auto form = UploadForm::open(request, 10);
  ASSERT_TRUE(form);
  ASSERT_EQ((*form->next_file())->file_name, "a.jpg");
  ASSERT_TRUE(form->read());
  ASSERT_EQ((*form->next_file())->file_name, "b.jpg");
  EXPECT_EQ(*form->read(), "b");
  EXPECT_FALSE(*form->next_file());
}

TEST(UploadForm, PassesItsErrorsOnAgainAndAgain) {
  const std::string cut = part("image", std::string(5'000, 'a'), "a.jpg");
  for (const bool is_gone : {true, false}) {
    const auto request = request_of(cut, 100, is_gone);
    auto form = UploadForm::open(request, 10);
    ASSERT_TRUE(form);
    const ErrorCode expected = is_gone ? ErrorCode::kCancelled : ErrorCode::kCorrupt;
    for (int i = 0; i < 2; ++i) {
      const auto files = read_all(*form);
      ASSERT_FALSE(files);
      EXPECT_EQ(files.error().code, expected);
    }
  }
  const auto fat = request_of(part("gps", std::string(70'000, 'x')) + "--XX--", 1'000);
  auto form = UploadForm::open(fat, 10);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->next_file().error().code, ErrorCode::kTooLarge);
  http::Request other;
  other.headers.add("Content-Type", "application/json");
  EXPECT_EQ(UploadForm::open(other, 10).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace vedette::api

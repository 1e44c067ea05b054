#include "http/request_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace vedette::http {
namespace {

using State = RequestParser::State;

// Feeds `text` in pieces of `step` bytes, as a connection does.
State read(RequestParser& parser, Request& request, std::string_view text, std::size_t step) {
  parser.begin(request, 1'024);
  std::string pending;
  while (parser.state() != State::kDone && parser.state() != State::kFailed) {
    if (parser.state() == State::kHeadDone) {
      parser.read_body(256);
      continue;
    }
    const auto used = parser.feed(pending);
    pending.erase(0, used);
    if (used > 0 && !pending.empty()) continue;
    if (text.empty()) break;
    pending += text.substr(0, step);
    text.remove_prefix(std::min(step, text.size()));
  }
  return parser.state();
}

constexpr std::string_view kHead =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(RequestParser, AChunkedBodyMayComeInPiecesOfAnySize) {
  for (const auto& [chunks, body] :
       {std::pair{"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n", "[1,2]"}, std::pair{"0\r\n\r\n", ""},
        std::pair{"0\r\nX: y\r\n\r\n", ""}}) {
    const std::string text = std::string(kHead) + chunks;
    for (std::size_t step = 1; step <= text.size(); ++step) {
      RequestParser parser;
      Request request;
      ASSERT_EQ(read(parser, request, text, step), State::kDone) << chunks << " by " << step;
      EXPECT_EQ(request.body, body);
    }
  }
}

TEST(RequestParser, TheBoundOfWhatFramesAChunkIsTheSameForPiecesOfAnySize) {
  const std::string_view line = "0;x=\r\n\r\n";
  for (const auto& [length, end] : {std::pair{std::size_t{1'024}, State::kDone},
                                    std::pair{std::size_t{1'025}, State::kFailed}}) {
    const std::string text =
        std::string(kHead) + "0;x=" + std::string(length - line.size(), 'a') + "\r\n\r\n";
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
      RequestParser parser;
      Request request;
      EXPECT_EQ(read(parser, request, text, step), end) << length << " by " << step;
    }
  }
}

}  // namespace
}  // namespace vedette::http

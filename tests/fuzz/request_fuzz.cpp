// A whole request from any bytes, whole and one byte at a time: both readings must agree.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/request_parser.hpp"

namespace {

using vedette::http::Request;
using vedette::http::RequestParser;
using State = RequestParser::State;

constexpr std::size_t kHeaderLimit = 1024;
constexpr std::size_t kBodyLimit = 256;

/// Feeds `input` in steps as a connection does; the state at which the parser stops.
State read(RequestParser& parser, Request& request, std::string_view input, std::size_t step) {
  parser.begin(request, kHeaderLimit);
  std::string pending;
  while (parser.state() != State::kDone && parser.state() != State::kFailed) {
    if (parser.state() == State::kHeadDone) {
      parser.read_body(kBodyLimit);
      continue;
    }
    const auto used = parser.feed(pending);
    if (used > pending.size()) std::abort();
    pending.erase(0, used);
    if (used > 0 && !pending.empty()) continue;
    if (parser.state() == State::kHead || parser.state() == State::kBody) {
      if (input.empty()) break;
      pending += input.substr(0, step);
      input.remove_prefix(std::min(step, input.size()));
    }
  }
  return parser.state();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  RequestParser parser;
  Request whole;
  Request pieces;
  const auto at_once = read(parser, whole, input, input.size() + 1);
  const auto in_pieces = read(parser, pieces, input, 1);
  if ((at_once == State::kDone) != (in_pieces == State::kDone)) std::abort();
  if (at_once != State::kDone) return 0;
  if (whole.target != pieces.target || whole.body != pieces.body ||
      whole.headers.size() != pieces.headers.size() || whole.body.size() > kBodyLimit) {
    std::abort();
  }
  whole.set_target(std::string(whole.target));
  return 0;
}

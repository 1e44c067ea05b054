#include <algorithm>
#include <array>
#include <vector>

#include "base/address.hpp"
#include "base/address_parts.hpp"
#include "base/text.hpp"

namespace vedette {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kUserinfo = "@";
constexpr std::string_view kPieceEnds = "/?&;#";
constexpr int kMaxDepth = 4;

// What must not be shown: where it lies in the text, and the name it stands under.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string name;
};
using Spans = std::vector<Span>;

void find_in_text(std::string_view text, std::size_t offset, int depth, Spans& spans);

// Decoded as often as it is encoded.
std::string decoded(std::string_view text) {
  std::string plain(text);
  for (int round = 0; round < kMaxDepth; ++round) {
    auto next = percent_decode_leniently(plain);
    if (next == plain) break;
    plain = std::move(next);
  }
  return plain;
}

bool holds_secret(std::string_view text, int depth) {
  Spans spans;
  find_in_text(text, 0, depth, spans);
  return !spans.empty();
}

// A value of a query goes on to the next &; what follows that without a = belongs to it, as it can
// only be the rest of a secret with a raw & in it.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  auto end = std::min(text.find('&', begin), text.size());
  while (end < text.size()) {
    const auto next = std::min(text.find('&', end + 1), text.size());
    if (text.substr(end + 1, next - end - 1).contains('=')) break;
    end = next;
  }
  return end;
}

void find_in_authority(std::string_view scheme, std::string_view after, std::size_t offset,
                       int depth, Spans& spans);

// Path, query and fragment.
void find_in_tail(std::string_view tail, std::size_t offset, int depth, Spans& spans) {
  for (std::size_t at = 0; at < tail.size();) {
    const auto end = std::min(tail.find_first_of(kPieceEnds, at), tail.size());
    const auto piece = tail.substr(at, end - at);
    std::size_t name_begin = 0;
    bool is_hidden = false;
    for (auto equals = piece.find('='); equals != std::string_view::npos;
         equals = piece.find('=', equals + 1)) {
      const auto name = decoded(piece.substr(name_begin, equals - name_begin));
      if (is_secret_name(name)) {
        const auto value = at + equals + 1;
        const auto value_end = end_of_value(tail, value);
        if (value_end > value) {
          spans.push_back({offset + value, offset + value_end, to_lower(name)});
        }
        at = value_end + 1;
        is_hidden = true;
        break;
      }
      name_begin = equals + 1;
    }
    if (is_hidden) continue;
    if (piece.ends_with(':') && tail.substr(end).starts_with("//")) {
      // An address in the address.
      const auto begin = scheme_begin(piece, piece.size() - 1);
      find_in_authority(to_lower(piece.substr(begin, piece.size() - 1 - begin)),
                        tail.substr(end + 2), offset + end + 2, depth, spans);
      return;
    }
    if (piece.contains('%') && depth < kMaxDepth) {
      const auto equals = piece.find('=');
      const auto value = equals == std::string_view::npos ? 0 : equals + 1;
      if (const auto plain = decoded(piece.substr(value));
          plain != piece.substr(value) && holds_secret(plain, depth + 1)) {
        spans.push_back({offset + at + value, offset + end, decoded(piece.substr(0, value))});
      } else if (const auto whole = decoded(piece); value > 0 && holds_secret(whole, depth + 1)) {
        spans.push_back({offset + at, offset + end, std::string(kPieceEnds)});
      }
    }
    at = end + 1;
  }
}

void find_in_authority(std::string_view scheme, std::string_view after, std::size_t offset,
                       int depth, Spans& spans) {
  const auto parts = find_authority(scheme, after);
  std::size_t tail = parts.host_end;
  if (parts.at) {
    if (*parts.at > 0) spans.push_back({offset, offset + *parts.at, std::string(kUserinfo)});
    tail = std::max(tail, *parts.at + 1);
  } else if (!parts.is_clear) {
    // A password whose @host was forgotten.
    tail = std::min(after.find_first_of("/?#"), after.size());
    const auto colon = after.substr(0, tail).find(':');
    if (colon != std::string_view::npos && colon + 1 < tail) {
      spans.push_back({offset + colon + 1, offset + tail, std::string(kUserinfo)});
    }
  }
  find_in_tail(after.substr(tail), offset + tail, depth, spans);
}

bool is_word(char c) {
  return c == '_' || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9');
}

// libpq's "host=h password='p q' dbname=d".
void find_in_keywords(std::string_view text, std::size_t offset, int depth, Spans& spans) {
  std::size_t at = 0;
  const auto skip = [&](auto&& is_skipped) {
    while (at < text.size() && is_skipped(text[at])) ++at;
  };
  const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (at < text.size()) {
    skip(is_blank);
    const auto name_begin = at;
    skip([](char c) { return is_word(c); });
    const auto name = to_lower(text.substr(name_begin, at - name_begin));
    skip(is_blank);
    if (at >= text.size() || text[at] != '=') {
      skip([&](char c) { return !is_blank(c); });
      continue;
    }
    ++at;
    skip(is_blank);
    const auto begin = at;
    if (at < text.size() && text[at] == '\'') {
      ++at;
      while (at < text.size() && text[at] != '\'') at += text[at] == '\\' ? 2 : 1;
      at = std::min(at + 1, text.size());
    } else {
      skip([&](char c) { return !is_blank(c); });
      // Words that begin no further setting: the rest of a value that should have had quotes.
      while (is_secret_name(name)) {
        auto ahead = at;
        while (ahead < text.size() && is_blank(text[ahead])) ++ahead;
        const auto word = ahead;
        while (ahead < text.size() && is_word(text[ahead])) ++ahead;
        const bool has_name = ahead > word;
        while (ahead < text.size() && is_blank(text[ahead])) ++ahead;
        if (word >= text.size() || (has_name && ahead < text.size() && text[ahead] == '=')) break;
        at = std::min(text.find_first_of(" \t\r\n\v\f", word), text.size());
      }
    }
    if (is_secret_name(name)) {
      if (at > begin) spans.push_back({offset + begin, offset + at, name});
    } else {
      find_in_text(text.substr(begin, at - begin), offset + begin, depth + 1, spans);
    }
  }
}

bool begins_with_keyword(std::string_view text) {
  text = trim(text);
  std::size_t at = 0;
  while (at < text.size() && is_word(text[at])) ++at;
  if (at == 0) return false;
  while (at < text.size() && text[at] == ' ') ++at;
  return at < text.size() && text[at] == '=';
}

// Where the host would begin in an address with too few or too many slashes, or none: 0 for what is
// none.
std::size_t after_crooked_scheme(std::string_view text) {
  constexpr std::array<std::string_view, 12> kNetwork{"rtsp",  "rtsps",      "rtspu",    "http",
                                                      "https", "rtmp",       "rtmps",    "ftp",
                                                      "srt",   "postgresql", "postgres", "onvif"};
  std::size_t at = 0;
  while (at < text.size() && is_word(text[at])) ++at;
  if (std::ranges::find(kNetwork, to_lower(text.substr(0, at))) == kNetwork.end()) return 0;
  const auto begin = at;
  while (at < text.size() && (text[at] == ':' || text[at] == '/' || text[at] == '\\')) ++at;
  return at > begin ? at : 0;
}

void find_in_text(std::string_view text, std::size_t offset, int depth, Spans& spans) {
  if (depth > kMaxDepth) return;
  if (begins_with_keyword(text)) {
    find_in_keywords(text, offset, depth, spans);
    return;
  }
  const auto colon = text.find("://");
  if (colon != std::string_view::npos) {
    const auto begin = scheme_begin(text, colon);
    find_in_tail(text.substr(0, begin), offset, depth, spans);
    find_in_authority(to_lower(text.substr(begin, colon - begin)), text.substr(colon + 3),
                      offset + colon + 3, depth, spans);
    return;
  }
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return;
  const auto word = text.substr(start);
  if (const auto skipped = after_crooked_scheme(word); skipped > 0) {
    find_in_authority(to_lower(word.substr(0, word.find_first_of(":/\\"))), word.substr(skipped),
                      offset + start + skipped, depth, spans);
    return;
  }
  const bool is_path = word.starts_with('/') || word.starts_with('.') ||
                       word.starts_with("file:") || word.starts_with("sqlite:") ||
                       word.starts_with("v4l2:");
  if (!is_path && word.contains('@')) {
    find_in_authority("", word, offset + start, depth, spans);
    return;
  }
  find_in_tail(word, offset + start, depth, spans);
}

Spans spans_of(std::string_view text) {
  Spans spans;
  find_in_text(text, 0, 0, spans);
  return spans;
}

std::string host_in(std::string_view text) {
  const auto address = parse_address(text);
  return address ? to_lower(address->host) : std::string();
}

}  // namespace

bool is_secret_name(std::string_view name) {
  std::string compact;
  for (const char c : decoded(name)) {
    if (c != '_' && is_word(c)) compact += to_lower(c);
  }
  const auto has = [&](std::string_view word) { return compact.contains(word); };
  constexpr std::array<std::string_view, 14> kAnywhere{
      "pass",      "pwd",  "psw",    "passwd", "token",  "secret",  "credential",
      "signature", "auth", "apikey", "access", "bearer", "session", "jwt"};
  constexpr std::array<std::string_view, 5> kAtEnd{"key", "sig", "pw", "pas", "keyid"};
  constexpr std::array<std::string_view, 4> kWhole{"pin", "otp", "sid", "sas"};
  return std::ranges::any_of(kAnywhere, has) ||
         std::ranges::any_of(kAtEnd, [&](auto word) { return compact.ends_with(word); }) ||
         std::ranges::find(kWhole, compact) != kWhole.end();
}

std::string mask_address(std::string_view text) {
  std::string masked;
  std::size_t at = 0;
  for (const auto& span : spans_of(text)) {
    masked += text.substr(at, span.begin - at);
    masked += kMask;
    at = span.end;
  }
  masked += text.substr(at);
  return masked;
}

Result<std::string> unmask_address(std::string_view edited, std::string_view stored) {
  auto known = spans_of(stored);
  std::string text;
  std::size_t at = 0;
  for (const auto& span : spans_of(edited)) {
    const auto shown = edited.substr(span.begin, span.end - span.begin);
    const bool is_masked = shown == kMask || (span.name == kUserinfo && shown.ends_with(":***"));
    if (!is_masked) continue;
    if (edited != mask_address(stored) && host_in(edited) != host_in(stored)) {
      return fail(ErrorCode::kInvalid,
                  "The host of the address is another one: write the password in place of *** as "
                  "well, as a stored one is never sent to another host.");
    }
    const auto found = std::ranges::find(known, span.name, &Span::name);
    if (found == known.end()) {
      return fail(ErrorCode::kInvalid,
                  "There is nothing stored for the *** in the address: write what belongs there.");
    }
    auto value = stored.substr(found->begin, found->end - found->begin);
    text += edited.substr(at, span.begin - at);
    if (shown != kMask) {
      text += shown.substr(0, shown.size() - kMask.size());
      value = value.substr(std::min(value.find(':') + 1, value.size()));
    }
    text += value;
    at = span.end;
    known.erase(found);
  }
  text += edited.substr(at);
  return text;
}

}  // namespace vedette

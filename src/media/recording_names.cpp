#include "media/recording_names.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>

#include "base/text.hpp"

namespace vedette::media {
namespace {

constexpr std::array<std::string_view, 30> kEndings{
    "mp4", "m4v", "mov", "qt",  "avi",  "mkv",  "webm", "ts",  "mts",   "m2ts",
    "m2t", "mpg", "mpe", "vob", "mpeg", "3gp",  "3g2",  "flv", "f4v",   "asf",
    "wmv", "mxf", "ogv", "dv",  "h264", "h265", "hevc", "264", "mjpeg", "mjpg"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Takes up to the next slash off the front.
std::string_view take_part(std::string_view& path) {
  return cut(path, '/');
}

struct Chapter {
  std::string_view recording;  // four digits
  int number = 0;
};

// GOPR0001, then GP010001 (to HERO5); GH010001, GX010001 (later). The chapter stands first.
std::optional<Chapter> chapter_of(std::string_view name) {
  name = name.substr(0, name.find('.'));
  if (name.size() != 8) return std::nullopt;
  const std::string_view number = name.substr(4);
  if (!std::ranges::all_of(number, is_digit)) return std::nullopt;
  const std::string start = to_lower(name.substr(0, 4));
  if (start == "gopr") return Chapter{number, 0};
  const bool is_chapter = start[0] == 'g' && std::string_view("phxls").contains(start[1]) &&
                          is_digit(start[2]) && is_digit(start[3]);
  if (!is_chapter) return std::nullopt;
  return Chapter{number, (start[2] - '0') * 10 + (start[3] - '0')};
}

std::string_view take_digits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const std::string_view digits(text.begin(), end);
  text = {end, text.end()};
  return digits;
}

// Runs of digits by what they are worth.
std::weak_ordering compare_naturally(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a[0]) && is_digit(b[0])) {
      std::string_view x = take_digits(a);
      std::string_view y = take_digits(b);
      x.remove_prefix(std::min(x.find_first_not_of('0'), x.size()));
      y.remove_prefix(std::min(y.find_first_not_of('0'), y.size()));
      if (x.size() != y.size()) return x.size() <=> y.size();
      if (const auto order = x <=> y; order != 0) return order;
      continue;
    }
    const auto x = static_cast<unsigned char>(to_lower(a[0]));
    const auto y = static_cast<unsigned char>(to_lower(b[0]));
    if (x != y) return x <=> y;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() <=> b.size();
}

// A name as it is compared: chapters behind their recording.
std::string key_of(std::string_view name) {
  const auto chapter = chapter_of(name);
  if (!chapter) return std::string(name);
  return "G" + std::string(chapter->recording) + " " + std::to_string(chapter->number);
}

std::weak_ordering compare_parts(std::string_view a, std::string_view b) {
  return compare_naturally(key_of(a), key_of(b));
}

// Reads so many digits off the front, past one of the separators if there is one.
std::optional<int> take_number(std::string_view& text, std::size_t digits,
                               std::string_view separators) {
  if (!text.empty() && separators.contains(text[0])) text.remove_prefix(1);
  if (text.size() < digits || !std::ranges::all_of(text.substr(0, digits), is_digit)) {
    return std::nullopt;
  }
  int value = 0;
  for (const char c : text.substr(0, digits)) value = value * 10 + (c - '0');
  text.remove_prefix(digits);
  return value;
}

std::optional<Instant> time_at(std::string_view text) {
  const auto year = take_number(text, 4, "");
  if (!year || *year < 1990 || *year > 2099) return std::nullopt;
  const auto month = take_number(text, 2, "-_.");
  const auto day = month ? take_number(text, 2, "-_.") : std::nullopt;
  const auto hour = day ? take_number(text, 2, "-_. Tt/") : std::nullopt;
  const auto minute = hour ? take_number(text, 2, "-_.:h") : std::nullopt;
  const auto second = minute ? take_number(text, 2, "-_.:m") : std::nullopt;
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  // Milliseconds may follow at once; more digits are another number.
  if (text.size() > 3 && std::ranges::all_of(text.substr(0, 4), is_digit)) return std::nullopt;
  return Instant{std::chrono::sys_days(date)} + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

}  // namespace

bool is_recording_name(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.starts_with('.')) return false;
  return std::ranges::find(kEndings, to_lower(name.substr(dot + 1))) != kEndings.end();
}

bool is_hidden_folder_name(std::string_view name) {
  constexpr std::array<std::string_view, 5> kOwn{"lost+found", "@eadir", "#recycle", "$recycle.bin",
                                                 "system volume information"};
  return name.starts_with('.') || std::ranges::find(kOwn, to_lower(name)) != kOwn.end();
}

bool is_before(std::string_view a, std::string_view b) {
  std::string_view rest_a = a;
  std::string_view rest_b = b;
  while (!rest_a.empty() && !rest_b.empty()) {
    const auto order = compare_parts(take_part(rest_a), take_part(rest_b));
    if (order != 0) return order < 0;
  }
  if (rest_a.empty() != rest_b.empty()) return rest_a.empty();
  return a < b;
}

bool is_next_chapter(std::string_view one, std::string_view next) {
  const auto x = chapter_of(last_part(one));
  const auto y = chapter_of(last_part(next));
  return x && y && x->recording == y->recording && y->number == x->number + 1 &&
         one.substr(0, one.rfind('/') + 1) == next.substr(0, next.rfind('/') + 1);
}

std::optional<Instant> time_in(std::string_view text) {
  for (std::size_t at = 0; at + 14 <= text.size(); ++at) {
    if (at > 0 && is_digit(text[at - 1])) continue;
    if (const auto time = time_at(text.substr(at))) return time;
  }
  return std::nullopt;
}

std::optional<Instant> time_in_path(std::string_view path) {
  const std::string_view name = last_part(path);
  if (const auto time = time_in(name)) return time;
  if (name.size() + 1 >= path.size()) return std::nullopt;
  const std::string_view folders = path.substr(0, path.size() - name.size() - 1);
  const std::string_view folder = last_part(folders);
  // A time of the folder alone is not the file's.
  if (time_in(folder)) return std::nullopt;
  return time_in(path.substr(path.size() - name.size() - 1 - folder.size()));
}

}  // namespace vedette::media

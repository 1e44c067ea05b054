#include "media/dashcam_names.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "base/time.hpp"
#include "media/recording_names.hpp"

namespace vedette::media {
namespace {

constexpr Micros kTogether = std::chrono::seconds(2);

using namespace std::string_view_literals;
// Longer ones before those that they end with.
constexpr std::array kWords{"left_repeater"sv, "right_repeater"sv, "left_pillar"sv,
                            "right_pillar"sv,  "interior"sv,       "inside"sv,
                            "cabin"sv,         "front"sv,          "rear"sv,
                            "back"sv,          "left"sv,           "right"sv};
// Of the front camera in full size, of it in small, and of the others.
constexpr std::array kTokens{"fh"sv, "fl"sv, "rh"sv, "rl"sv, "ch"sv, "cl"sv};
constexpr std::string_view kLetters = "frbit";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_sign(char c) {
  return std::string_view("_-. ").contains(c);
}

std::string_view without_last_signs(std::string_view text) {
  while (!text.empty() && is_sign(text.back())) text.remove_suffix(1);
  return text;
}

// What stands before a mark of so many characters; nothing where no mark can stand there.
std::optional<std::string_view> before(std::string_view stem, std::size_t length) {
  if (stem.size() <= length) return std::nullopt;
  return stem.substr(0, stem.size() - length);
}

struct Marked {
  bool is_front = false;
  std::string_view rest;
};

std::optional<Marked> by_word(std::string_view stem) {
  for (const std::string_view word : kWords) {
    if (!stem.ends_with(word)) continue;
    const auto rest = before(stem, word.size());
    if (rest && (is_sign(rest->back()) || is_digit(rest->back())))
      return Marked{word == "front", without_last_signs(*rest)};
  }
  for (const std::string_view token : kTokens) {
    const auto rest = stem.ends_with(token) ? before(stem, token.size()) : std::nullopt;
    if (rest && rest->back() == '_') return Marked{token == "fh", without_last_signs(*rest)};
  }
  return std::nullopt;
}

std::optional<Marked> by_letter(std::string_view stem) {
  const auto rest = before(stem, 1);
  if (!rest || !kLetters.contains(stem.back())) return std::nullopt;
  const bool is_behind_sign = is_digit(rest->back()) || is_sign(rest->back());
  // The kind of recording: normal, event, parking.
  const auto kind = is_letter(rest->back()) ? before(*rest, 1) : std::nullopt;
  const bool is_behind_kind = kind && (is_digit(kind->back()) || kind->back() == '_');
  if (!is_behind_sign && !is_behind_kind) return std::nullopt;
  return Marked{stem.back() == 'f', without_last_signs(*rest)};
}

// Files lettered a, b, c ... are parts, whatever letter they come to. With a place before each.
std::set<std::string> lettered(const std::vector<std::string>& stems) {
  std::set<std::string> series;
  for (const std::string& stem : stems) {
    if (stem.ends_with('a')) series.emplace(stem.substr(0, stem.size() - 1));
  }
  return series;
}

struct Split {
  std::string_view folder;  // with its slash at the end, or empty
  std::string_view name;
};

Split split_path(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

std::string stem_of(std::string_view name) {
  return to_lower(name.substr(0, name.rfind('.')));
}

bool is_together(const CameraMark& mark, const std::set<std::string>& names,
                 const std::set<Instant>& times) {
  if (names.contains(mark.rest)) return true;
  const auto time = time_in(mark.rest);
  if (!time) return false;
  const auto next = times.lower_bound(*time - kTogether);
  return next != times.end() && *next <= *time + kTogether;
}

}  // namespace

std::optional<CameraMark> camera_mark(std::string_view path) {
  const auto [folder, name] = split_path(path);
  const std::string stem = stem_of(name);
  const std::string_view above = folder.empty() ? folder : folder.substr(0, folder.size() - 1);
  const auto [place, folder_name] = split_path(above);
  const std::string of_folder = to_lower(folder_name);
  const bool is_folder_marked = std::ranges::find(kWords, of_folder) != kWords.end() ||
                                (of_folder.size() == 1 && kLetters.contains(of_folder.front()));
  const std::string where(is_folder_marked ? place : folder);
  auto marked = by_word(stem);
  if (!marked) marked = by_letter(stem);
  if (marked) return CameraMark{marked->is_front, std::string(marked->rest), where};
  if (!is_folder_marked) return std::nullopt;
  return CameraMark{of_folder == "front" || of_folder == "f", stem, where};
}

std::size_t keep_front_camera(std::vector<std::string>& paths) {
  struct Place {
    std::set<std::string> names;  // of the front camera's files, without their marks
    std::set<Instant> times;
    std::vector<std::pair<std::string, CameraMark>> others;
  };
  std::vector<std::string> stems;
  stems.reserve(paths.size());
  for (const std::string& path : paths) {
    const auto [folder, name] = split_path(path);
    stems.push_back(std::string(folder) + stem_of(name));
  }
  const std::set<std::string> series = lettered(stems);
  std::map<std::string, Place> places;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (series.contains(stems[i].substr(0, stems[i].size() - 1))) continue;
    auto mark = camera_mark(paths[i]);
    if (!mark) continue;
    Place& place = places[mark->place];
    if (!mark->is_front) {
      place.others.emplace_back(paths[i], std::move(*mark));
      continue;
    }
    if (const auto time = time_in(mark->rest)) place.times.insert(*time);
    place.names.insert(std::move(mark->rest));
  }
  std::set<std::string> left_out;
  for (const auto& [where, place] : places) {
    const bool is_dashcam = std::ranges::any_of(place.others, [&](const auto& other) {
      return is_together(other.second, place.names, place.times);
    });
    if (!is_dashcam) continue;
    for (const auto& [path, mark] : place.others) left_out.insert(path);
  }
  return std::erase_if(paths, [&](const std::string& path) { return left_out.contains(path); });
}

}  // namespace vedette::media

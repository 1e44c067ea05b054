#include "config/table.hpp"

#include <algorithm>
#include <vector>

#include "config/table_rows.hpp"

namespace vedette::config {
namespace {

// Letters to insert, drop, replace or swap with their neighbour.
int distance(std::string_view a, std::string_view b) {
  const auto width = b.size() + 1;
  std::vector<int> cells((a.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> int& { return cells[i * width + j]; };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return at(a.size(), b.size());
}

}  // namespace

std::span<const Declaration> declarations() {
  static const auto kAll = [] {
    std::vector<Declaration> all;
    for (const auto rows : {server_declarations(), blob_declarations(), traffic_declarations(),
                            imagery_declarations()}) {
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }();
  return kAll;
}

const Declaration* find_declaration(std::string_view name) {
  const auto all = declarations();
  const auto found = std::ranges::find(all, name, &Declaration::name);
  return found == all.end() ? nullptr : &*found;
}

std::string environment_name(const Declaration& declaration) {
  std::string name = "VEDETTE_";
  for (const char c : declaration.name) {
    name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  }
  return name;
}

std::string flag_name(const Declaration& declaration) {
  std::string name(declaration.name);
  std::ranges::replace_if(name, [](char c) { return c == '.' || c == '_'; }, '-');
  return name;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> words) {
  if (word.size() > 64) return {};
  const std::string* best = nullptr;
  int best_distance = 1 + static_cast<int>(std::max<std::size_t>(1, word.size() / 4));
  for (const auto& candidate : words) {
    if (const int d = distance(word, candidate); d < best_distance) {
      best = &candidate;
      best_distance = d;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

}  // namespace vedette::config

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "config/sources.hpp"

namespace vedette::config {
namespace {

bool is_name(std::string_view text) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, is_fine);
}

// Quotes off; without quotes a comment ends the value.
std::string_view unquote(std::string_view text) {
  if (text.starts_with('"') || text.starts_with('\'')) {
    const auto end = text.find(text.front(), 1);
    if (end != std::string_view::npos) return text.substr(1, end - 1);
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '#' && (text[i - 1] == ' ' || text[i - 1] == '\t'))
      return trim(text.substr(0, i));
  }
  return text.starts_with('#') ? std::string_view{} : text;
}

}  // namespace

Result<std::vector<DotEnvLine>> read_dotenv(const SourceText& source,
                                            std::vector<std::string>& remarks) {
  if (source.text.size() > kMaxFileBytes) {
    return fail(
        ErrorCode::kUsage,
        fmt::format("{}: the file is larger than 1 MiB, which no settings need", source.name));
  }
  std::vector<DotEnvLine> lines;
  int number = 0;
  for (std::string_view rest = source.text; !rest.empty();) {
    auto line = trim(cut(rest, '\n'));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    const auto name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
      if (remarks.size() < 20) {
        remarks.push_back(
            fmt::format("{}:{} is not NAME=VALUE and was ignored", source.name, number));
      }
      continue;
    }
    lines.push_back(
        {std::string(name), std::string(unquote(trim(line.substr(equals + 1)))), number});
  }
  return lines;
}

}  // namespace vedette::config

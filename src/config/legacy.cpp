#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/sources.hpp"

namespace vedette::config {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kDatabaseNames{"DB_HOST"sv, "DB_PORT"sv, "DB_NAME"sv, "DB_USER"sv,
                                    "DB_PASSWORD"sv};

struct KnownName {
  std::string_view name;  // a trailing '*' stands for any ending
  std::string_view why;
};
constexpr std::string_view kImages =
    "belongs to image processing, which this version does not have";
constexpr std::string_view kStore = "belongs to object stores, which this version does not have";
constexpr std::array kKnownNames{
    KnownName{"WORKER_POLL_INTERVAL", kImages},
    KnownName{"WORKER_BATCH_SIZE", kImages},
    KnownName{"UPLOAD_FOLDER", kImages},
    KnownName{"PROCESSED_FOLDER", kImages},
    KnownName{"AWS_ACCESS_KEY_ID", kStore},
    KnownName{"AWS_SECRET_ACCESS_KEY", kStore},
    KnownName{"AWS_REGION", kStore},
    KnownName{"S3_BUCKET_NAME", kStore},
    KnownName{"BACKSCATTER_*", "belongs to the weather radar, which this version does not have"},
};

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

const Variable* find(const std::vector<Variable>& variables, std::string_view name) {
  const auto found = std::ranges::find(variables, name, &Variable::name);
  return found == variables.end() || found->value.empty() ? nullptr : &*found;
}

// postgresql://user:password@host:port/name, with the defaults of the original programs.
Given database_from(const std::vector<Variable>& variables) {
  const auto value = [&](std::string_view name, std::string_view otherwise) {
    const auto* variable = find(variables, name);
    return variable == nullptr ? std::string(otherwise) : variable->value;
  };
  std::string url = "postgresql://";
  if (const auto user = value("DB_USER", ""); !user.empty()) {
    url += percent_encoded(user);
    if (const auto password = value("DB_PASSWORD", ""); !password.empty()) {
      url += ':' + percent_encoded(password);
    }
    url += '@';
  }
  const auto host = value("DB_HOST", "localhost");
  url += host.contains(':') && !host.starts_with('[') ? '[' + host + ']' : percent_encoded(host);
  url += ':' + percent_encoded(value("DB_PORT", "5432"));
  url += '/' + percent_encoded(value("DB_NAME", "drone_analytics"));

  Given given{find_declaration("database.url"), std::move(url), Origin::kDotEnv, ""};
  for (const auto name : kDatabaseNames) {
    if (const auto* variable = find(variables, name); variable != nullptr) {
      given.origin = std::max(given.origin, variable->origin);
      given.where += fmt::format("{}{} {}", given.where.empty() ? "" : ", ", variable->place, name);
    }
  }
  return given;
}

}  // namespace

Legacy read_legacy(const std::vector<Variable>& variables, bool has_database) {
  Legacy legacy;
  const bool names_a_database =
      find(variables, "DB_HOST") != nullptr || find(variables, "DB_NAME") != nullptr;
  if (names_a_database && !has_database) {
    auto given = database_from(variables);
    legacy.remarks.push_back(
        fmt::format("database.url is made from {}; set database.url to use another", given.where));
    legacy.given.push_back(std::move(given));
  }
  for (const auto& variable : variables) {
    if (variable.value.empty()) continue;
    if (std::ranges::find(kDatabaseNames, variable.name) != kDatabaseNames.end()) {
      if (has_database) {
        legacy.unused.push_back({variable.name, variable.place, "database.url is set and wins"});
      } else if (!names_a_database) {
        legacy.unused.push_back(
            {variable.name, variable.place, "names no database without DB_HOST or DB_NAME"});
      }
      continue;
    }
    for (const auto& known : kKnownNames) {
      if (matches(known.name, variable.name)) {
        legacy.unused.push_back({variable.name, variable.place, std::string(known.why)});
      }
    }
  }
  return legacy;
}

}  // namespace vedette::config

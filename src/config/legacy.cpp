#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

#include "config/sources.hpp"

namespace vedette::config {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kDatabaseNames{"DB_HOST"sv, "DB_PORT"sv, "DB_NAME"sv, "DB_USER"sv,
                                    "DB_PASSWORD"sv};

// The originals' names for a bucket and its credentials, and those of every program for S3. The
// first that is given wins.
struct BlobName {
  std::string_view name;
  std::string_view setting;
};
constexpr std::array kBlobNames{
    BlobName{"S3_BUCKET_NAME", "blob.bucket"},
    BlobName{"AWS_ACCESS_KEY_ID", "blob.access_key"},
    BlobName{"AWS_SECRET_ACCESS_KEY", "blob.secret_key"},
    BlobName{"AWS_SESSION_TOKEN", "blob.session_token"},
    BlobName{"AWS_REGION", "blob.region"},
    BlobName{"AWS_DEFAULT_REGION", "blob.region"},
    BlobName{"AWS_ENDPOINT_URL_S3", "blob.endpoint"},
    BlobName{"AWS_ENDPOINT_URL", "blob.endpoint"},
};

struct KnownName {
  std::string_view name;  // a trailing '*' stands for any ending
  std::string_view why;
};
constexpr std::string_view kNoPolling =
    "is not needed: workers are told of new images at once (imagery.workers says how many)";
constexpr std::array kKnownNames{
    KnownName{"WORKER_POLL_INTERVAL", kNoPolling},
    KnownName{"BACKSCATTER_*", "belongs to the weather radar, which this version does not have"},
};

// Names of the original crop platform that say what a setting of ours says. Of two the first wins.
constexpr std::array kSameNames{
    BlobName{"UPLOAD_FOLDER", "imagery.upload_folder"},
    BlobName{"UPLOAD_DIR", "imagery.upload_folder"},
    BlobName{"PROCESSED_FOLDER", "imagery.processed_folder"},
    BlobName{"WORKER_BATCH_SIZE", "imagery.workers"},
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

// Credentials belong together: a key of the settings is not joined to a secret of the environment.
bool is_credential(std::string_view setting) {
  return setting == "blob.access_key" || setting == "blob.secret_key" ||
         setting == "blob.session_token";
}

void read_blob_names(const std::vector<Variable>& variables, const IsSet& is_set, Legacy& legacy) {
  const bool has_bucket = is_set("blob.bucket") || find(variables, "S3_BUCKET_NAME") != nullptr;
  const bool has_credentials = is_set("blob.access_key") || is_set("blob.secret_key");
  std::string names;
  std::string_view last;
  for (const auto& [name, setting] : kBlobNames) {
    const auto* variable = find(variables, name);
    if (variable == nullptr) continue;
    const auto unused = [&](std::string why) {
      legacy.unused.push_back({variable->name, variable->place, std::move(why)});
    };
    if (!has_bucket) {
      unused("names no bucket without S3_BUCKET_NAME or blob.bucket");
    } else if (is_set(setting)) {
      unused(fmt::format("{} is set and wins", setting));
    } else if (is_credential(setting) && has_credentials) {
      unused("blob.access_key or blob.secret_key is set and wins");
    } else if (setting == last) {
      unused(fmt::format("another name gives {} already", setting));
    } else {
      const auto where = fmt::format("{} {}", variable->place, name);
      legacy.given.push_back({find_declaration(setting), variable->value, variable->origin, where});
      names += (names.empty() ? "" : ", ") + where;
      last = setting;
    }
  }
  if (!names.empty()) {
    legacy.remarks.push_back(
        fmt::format("objects go to a bucket as {} say; the settings blob.* say it here", names));
  }
}

// So many images a worker took at a time: as many are analysed at once, with a core for each.
// Empty: it is no such number.
std::string workers_from(std::string_view batch) {
  unsigned size = 0;
  const auto [end, error] = std::from_chars(batch.data(), batch.data() + batch.size(), size);
  if (error != std::errc{} || end != batch.data() + batch.size() || size == 0) return {};
  return fmt::format("{}",
                     std::min({size, std::max(1U, std::thread::hardware_concurrency()), 64U}));
}

void read_same_names(const std::vector<Variable>& variables, const IsSet& is_set, Legacy& legacy) {
  std::string_view last;
  for (const auto& [name, setting] : kSameNames) {
    const auto* variable = find(variables, name);
    if (variable == nullptr) continue;
    if (is_set(setting) || setting == last) {
      legacy.unused.push_back(
          {variable->name, variable->place, fmt::format("{} is given already and wins", setting)});
      continue;
    }
    std::string value =
        name == "WORKER_BATCH_SIZE" ? workers_from(variable->value) : variable->value;
    if (value.empty()) {
      legacy.unused.push_back({variable->name, variable->place, "is no whole number above 0"});
      continue;
    }
    last = setting;
    const auto where = fmt::format("{} {}", variable->place, name);
    legacy.given.push_back({find_declaration(setting), std::move(value), variable->origin, where});
    legacy.remarks.push_back(fmt::format("{} is made from {}", setting, where));
  }
}

}  // namespace

Legacy read_legacy(const std::vector<Variable>& variables, const IsSet& is_set) {
  Legacy legacy;
  const bool has_database = is_set("database.url");
  read_blob_names(variables, is_set, legacy);
  read_same_names(variables, is_set, legacy);
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

#include "db/postgres/pg_address.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/address.hpp"

namespace vedette::db {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

class Keywords {
 public:
  explicit Keywords(std::vector<std::pair<std::string, std::string>>& pairs) : pairs_(&pairs) {}
  std::string get(std::string_view name, const char* variable, std::string_view fallback) const {
    const auto found =
        std::ranges::find(*pairs_, name, &std::pair<std::string, std::string>::first);
    if (found != pairs_->end()) return found->second;
    const char* set = variable != nullptr ? std::getenv(variable) : nullptr;
    return set != nullptr && *set != '\0' ? set : std::string(fallback);
  }
  void set_default(std::string name, std::string value) {
    if (get(name, nullptr, "").empty()) pairs_->emplace_back(std::move(name), std::move(value));
  }

 private:
  std::vector<std::pair<std::string, std::string>>* pairs_;
};

}  // namespace

Result<PgAddress> read_pg_address(const DatabaseOptions& options) {
  std::string url = options.url;
  const bool is_uri = url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (is_uri) {
    // Written anew with %XX where libpq would cut a password at its special characters, and then
    // speak of the pieces.
    auto address = parse_address(url);
    if (!address) return fail(ErrorCode::kUsage, std::move(address.error().message));
    url = address->text();
  }
  if (!is_uri && url.find('=') == std::string::npos) {
    return fail(ErrorCode::kUsage,
                "The database URL is not one this program knows. Write sqlite:FILE, or "
                "postgresql://user:password@host:port/name.");
  }
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(
      PQconninfoParse(url.c_str(), nullptr));
  if (!parsed) {
    return fail(ErrorCode::kUsage,
                "The PostgreSQL address cannot be read. Write it as "
                "postgresql://user:password@host:port/name, with special characters of the "
                "password as %XX, or as host=... port=... dbname=... user=... password=...");
  }
  PgAddress address;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) address.keywords.emplace_back(option->keyword, option->val);
  }
  Keywords keywords(address.keywords);
  keywords.set_default("application_name", options.application_name);
  keywords.set_default("client_encoding", "UTF8");
  // A peer that vanished without a word is noticed within about half a minute.
  keywords.set_default("keepalives_idle", "10");
  keywords.set_default("keepalives_interval", "5");
  keywords.set_default("keepalives_count", "3");
  keywords.set_default("tcp_user_timeout", "20000");

  const std::string host =
      keywords.get("host", "PGHOST", keywords.get("hostaddr", "PGHOSTADDR", "local socket"));
  address.place = fmt::format("{}:{}", host, keywords.get("port", "PGPORT", "5432"));
  address.url =
      fmt::format("postgresql://{}/{}", address.place,
                  keywords.get("dbname", "PGDATABASE", keywords.get("user", "PGUSER", "")));
  return address;
}

}  // namespace vedette::db

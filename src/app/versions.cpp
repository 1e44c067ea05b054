#include "app/versions.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <algorithm>
#include <boost/version.hpp>
#include <iterator>

#include "app/pipeline.hpp"

namespace vedette::app {
std::string_view version() {
  return VEDETTE_VERSION;
}

std::vector<PartVersion> part_versions() {
  const int postgres = PQlibVersion();
  std::vector<PartVersion> parts{
      {"SQLite", sqlite3_libversion()},
      {"libpq", fmt::format("{}.{}", postgres / 10000, postgres % 10000)},
      {"Boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
                            BOOST_VERSION % 100)},
      {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)},
  };
  for (const PipelineKind& kind : pipelines()) {
    std::ranges::move(kind.parts(), std::back_inserter(parts));
  }
  return parts;
}

std::string version_text() {
  auto text = fmt::format("vedette {}", version());
  for (const auto& part : part_versions()) {
    text += fmt::format("\n{} {}", part.name,
                        part.version.empty() ? "not in this build" : part.version);
  }
  return text;
}

}  // namespace vedette::app

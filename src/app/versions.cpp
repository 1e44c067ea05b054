#include "app/versions.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <boost/version.hpp>
#include <opencv2/core/utility.hpp>

#ifdef VEDETTE_HAS_OPENVINO
#include <openvino/core/version.hpp>
#endif

extern "C" {
#include <libavutil/avutil.h>
}

namespace vedette::app {
namespace {

std::string openvino_version() {
#ifdef VEDETTE_HAS_OPENVINO
  // "2026.4.1-21000-abcdef-releases/2026/4": the number is enough.
  const std::string build = ov::get_openvino_version().buildNumber;
  return build.substr(0, build.find('-'));
#else
  return {};
#endif
}

}  // namespace

std::string_view version() {
  return VEDETTE_VERSION;
}

std::vector<PartVersion> part_versions() {
  const int postgres = PQlibVersion();
  return {
      {"SQLite", sqlite3_libversion()},
      {"libpq", fmt::format("{}.{}", postgres / 10000, postgres % 10000)},
      {"OpenVINO", openvino_version()},
      {"OpenCV", cv::getVersionString()},
      {"FFmpeg", av_version_info()},
      {"Boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
                            BOOST_VERSION % 100)},
      {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)},
  };
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

#include "http/static_files.hpp"

#include <string>
#include <unordered_map>

namespace vedette::http {

struct StaticFiles::Table {
  std::unordered_map<std::string_view, std::shared_ptr<const CachedBody>> files;
};

StaticFiles::StaticFiles(std::span<const EmbeddedFile> files) : table_(std::make_unique<Table>()) {
  for (const auto& file : files) {
    table_->files.emplace(
        file.path,
        CachedBody::of_static(std::string(file.content_type), file.bytes, file.gzip, file.brotli,
                              file.etag,
                              file.immutable ? "public, max-age=31536000, immutable" : "no-cache"));
  }
}

namespace {

/// Browsers name text/html when somebody follows a link or types an address, and not for pictures,
/// scripts or data.
bool takes_html(const Request& request) {
  const auto accept = request.header("accept").value_or("");
  return accept.contains("text/html");
}

}  // namespace

StaticFiles::~StaticFiles() = default;
StaticFiles::StaticFiles(StaticFiles&&) noexcept = default;

Response StaticFiles::serve(const Request& request) const {
  const auto path = std::string_view(request.path).substr(1);
  if (const auto it = table_->files.find(path); it != table_->files.end()) {
    return cached(it->second);
  }
  if (path.empty() || takes_html(request)) {
    if (const auto it = table_->files.find("index.html"); it != table_->files.end()) {
      return cached(it->second);
    }
  }
  return error(ErrorCode::kNotFound, "there is no such page");
}

}  // namespace vedette::http

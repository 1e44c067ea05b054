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
/// scripts or data. Who takes anything, as curl does, gets the page where no file is meant.
bool asks_for_page(const Request& request) {
  const auto accept = request.header("accept").value_or("*/*");
  const auto last = std::string_view(request.path).substr(request.path.rfind('/') + 1);
  return accept.contains("text/html") || (accept.contains("*/*") && !last.contains('.'));
}

}  // namespace

StaticFiles::~StaticFiles() = default;
StaticFiles::StaticFiles(StaticFiles&&) noexcept = default;

Response StaticFiles::serve(const Request& request) const {
  const auto path = std::string_view(request.path).substr(1);
  if (const auto it = table_->files.find(path); it != table_->files.end()) {
    return cached(it->second);
  }
  if (path.empty() || asks_for_page(request)) {
    if (const auto it = table_->files.find("index.html"); it != table_->files.end()) {
      return cached(it->second);
    }
  }
  return error(ErrorCode::kNotFound, "there is no such page");
}

}  // namespace vedette::http

// The web interface inside the program: files that the build turned into a table. Read-only, any
// thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "http/request.hpp"
#include "http/response.hpp"

namespace vedette::http {

/// One row of the table that cmake/EmbedFiles.cmake makes. Everything has static storage.
struct EmbeddedFile {
  std::string_view path;  // below the folder, without leading slash: "assets/app-3f2a91c0.js"
  std::string_view content_type;
  std::string_view bytes;
  std::string_view gzip;    // empty: not worth it
  std::string_view brotli;  // empty: not worth it
  std::string_view etag;    // without quotes
  bool immutable = false;   // the name carries a hash of the content: cached for a year
};

class StaticFiles {
 public:
  explicit StaticFiles(std::span<const EmbeddedFile> files);
  ~StaticFiles();
  StaticFiles(StaticFiles&&) noexcept;

  /// The file of `request.path`; index.html for "/", and for every other path when a page is asked
  /// for (Accept: text/html; or anything, for a name without extension), because which paths are
  /// pages the application knows; else 404. Never blocks: fit for inline_ok.
  Response serve(const Request& request) const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace vedette::http

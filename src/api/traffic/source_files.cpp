// GET /api/sources/files: the folders and recordings that a source may be chosen from.
#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/routes.hpp"
#include "media/folder_listing.hpp"

namespace vedette::api {
namespace {

json::object entry_json(const media::FolderEntry& entry) {
  return {{"name", entry.name},
          {"path", entry.path},
          {"kind", entry.is_folder ? "folder" : "file"},
          {"bytes", or_null(entry.bytes)},
          {"changed_at", or_null(entry.changed_at)},
          {"problem", text_or_null(entry.problem)}};
}

Result<http::Response> files(const TrafficServices& services, const http::Request& request) {
  auto listing = media::list_folder(request.query("folder").value_or(""), services.file_folders);
  if (!listing) {
    // What is wrong with the folder is wrong with this parameter; a disk may come back.
    if (listing.error().code == ErrorCode::kUnavailable) return fail(std::move(listing.error()));
    return bad_parameter("folder", listing.error().message);
  }
  json::array entries;
  for (const media::FolderEntry& entry : listing->entries) entries.push_back(entry_json(entry));
  auto response = answer(200, json::object{{"folder", text_or_null(listing->folder)},
                                           {"parent", text_or_null(listing->parent)},
                                           {"entries", std::move(entries)},
                                           {"others", listing->others},
                                           {"is_cut", listing->is_cut}});
  response.set("cache-control", "no-store");
  return response;
}

}  // namespace

void mount_source_files(http::Router& router,
                        const std::shared_ptr<const TrafficServices>& services) {
  router.get("/api/sources/files", handler(services, {"folder"}, files),
             {.as_write = true, .pool = http::PoolKind::kSlow});
}

}  // namespace vedette::api

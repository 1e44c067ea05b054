// What the handlers of the imagery room work with, and the functions that put them on a router.
// Made once by app/; everything in it outlives the server.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "api/core_services.hpp"
#include "api/event_relay.hpp"
#include "imagery/indices.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::api {

struct UploadLimits {
  std::int64_t image = 0;    // bytes of one image
  std::int64_t request = 0;  // bytes of one request, of however many images
  int files = 0;             // images in one request
};

struct ImageryServices {
  std::shared_ptr<const CoreServices> core;
  blob::Store& blobs;
  std::filesystem::path scratch;
  UploadLimits limits;
  /// In front of a key where objects lie in a bucket: "https://b.s3.r.amazonaws.com/". Empty: a
  /// folder.
  std::string s3_base;
  /// The user's own, beside the built-in ones.
  std::vector<imagery::IndexDefinition> indices = {};
};

/// Everything of the room: uploads, images and what was made of them, missions.
void mount_imagery(http::Router& router, const std::shared_ptr<const ImageryServices>& services);

/// Topic `images`: what changed in the list.
std::vector<EventSource> imagery_events(std::shared_ptr<const ImageryServices> services);

/// The images' part of /metrics. Blocks on the database.
void measure_images(Families& all, db::Database& database);

}  // namespace vedette::api

// Images as JSON: lean for lists and events, and whole with the names that clients of the original
// crop platform read too. Pure; any thread. Private to src/api/imagery.
#pragma once

#include <boost/json/object.hpp>

#include "imagery/image_list.hpp"
#include "imagery/image_store.hpp"

namespace vedette::api {

/// A row of a list: ImageRow of the OpenAPI file.
boost::json::object image_row(const imagery::Image& image);

/// The same and the original's names beside ours: ImageRecord.
boost::json::object image_record(const imagery::Image& image);

boost::json::object counts_json(const imagery::StatusCounts& counts);

}  // namespace vedette::api

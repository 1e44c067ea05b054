// An object of the blob store as an answer. Used by the rooms; blocks on the store, so that its
// routes belong to the slow pool.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/response.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::api {

struct ObjectAnswer {
  std::string_view content_type;
  std::string_view cache_control = "no-cache";
  /// Not empty: a browser saves it under this name.
  std::string file_name = {};
};

/// The object of a key that never stands for another content (blob::content_key), of any size in
/// flat memory: sent as it lies in a folder, copied out of a bucket into a file without a name. The
/// key is its ETag; ranges are the server's work. kNotFound when it is not there; kUnavailable.
Result<http::Response> object_response(blob::Store& blobs, std::string_view key,
                                       const ObjectAnswer& how);

}  // namespace vedette::api

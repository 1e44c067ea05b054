// Reads the query parameters that say which rows of traffic are meant. Pure.
#pragma once

#include "base/error.hpp"
#include "http/request.hpp"
#include "traffic/filter.hpp"

namespace vedette::api {

/// camera, types, from, to. kInvalid names the parameter in `detail`.
Result<traffic::Filter> filter_of(const http::Request& request);

}  // namespace vedette::api

// Reads the query parameters that say which rows of traffic are meant. Pure.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/request.hpp"
#include "traffic/filter.hpp"
#include "traffic/history.hpp"
#include "traffic/periods.hpp"

namespace vedette::api {

/// camera, types, from, to. kInvalid names the parameter in `detail`.
Result<traffic::Filter> filter_of(const http::Request& request);

/// And line, direction.
Result<traffic::LineFilter> line_filter_of(const http::Request& request);

/// grain and offset.
Result<traffic::Periods> periods_of(const http::Request& request);

/// What a file of these rows is called: "mill-street_2026-11-27", the days being those of the zone.
std::string file_name_of(const traffic::Filter& filter, Micros offset, Instant now);

}  // namespace vedette::api

// How much of a time a camera was watched, to the frame; by period it stands in the coverage
// tables.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::db {
class Session;
}

namespace vedette::traffic {

/// Of [from, to). Times watched may overlap where a file was watched again: what two of them cover
/// counts once.
Result<Micros> watched_between(db::Session& session, std::string_view camera, Instant from,
                               Instant to);

}  // namespace vedette::traffic

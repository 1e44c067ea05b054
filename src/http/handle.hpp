// Calls handlers so that nothing they throw gets out, and judges bodies before them. Internal to
// http; any thread.
#pragma once

#include <optional>

#include "http/router.hpp"

namespace vedette::http {

/// The handler's answer; whatever it throws is logged once and becomes a 500 that names the
/// request.
Response run_handler(const Router::Route& route, const Request& request);
/// The same for the route's `at_hand`, which must be set.
std::optional<Response> run_at_hand(const Router::Route& route, const Request& request);
/// The refusal (415) for the body of a POST, PUT or PATCH that is not of the route's kind; nullopt
/// when it fits.
std::optional<Response> judge_body_kind(const Request& request, BodyKind kind);

}  // namespace vedette::http

// GET /api/session, POST /api/login and POST /api/logout: who asks, and whether they may change
// something. Put on the router by app/.
#pragma once

#include <memory>

#include "http/auth.hpp"
#include "http/router.hpp"

namespace vedette::api {

void mount_session(http::Router& router, const std::shared_ptr<const http::Auth>& auth);

}  // namespace vedette::api

// Everything that a process answers to, by its roles. Called once, by Serve.
#pragma once

#include <memory>

#include "app/pipeline.hpp"
#include "http/auth.hpp"
#include "http/router.hpp"

namespace vedette::app {

/// The routes of the core and of all pipelines; those of people and their programs, and the pages,
/// where the process has the role `api`. `guard` answers for log-ins.
http::Router all_routes(const Core& core, const Pipelines& pipelines,
                        const std::shared_ptr<const http::Auth>& guard);

}  // namespace vedette::app

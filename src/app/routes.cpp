#include "app/routes.hpp"

#include "api/core_services.hpp"
#include "api/event_relay.hpp"
#include "api/jobs.hpp"
#include "api/readiness.hpp"
#include "api/session.hpp"
#include "app/options.hpp"
#include "embed/ui.hpp"
#include "http/static_files.hpp"

namespace vedette::app {

http::Router all_routes(const Core& core, const Pipelines& pipelines,
                        const std::shared_ptr<const http::Auth>& guard) {
  http::Router router;
  // In every process, whatever its roles: how it is, what it measures, what other processes ask
  // for.
  api::mount_health(router, core.services);
  for (const auto& pipeline : pipelines) pipeline->mount_for_peers(router);
  if (roles(core.settings).has(work::Role::kApi)) {
    api::mount_operations(router, core.services);
    api::mount_jobs(router, core.services);
    for (api::EventSource& source : api::job_events(core.services))
      core.relay.add(std::move(source));
    api::mount_session(router, guard);
    for (const auto& pipeline : pipelines) pipeline->mount(router);
    api::mount_events(router, core.relay, core.services->events);
    auto files = std::make_shared<const http::StaticFiles>(embed::ui());
    router.fallback([files](const http::Request& request) { return files->serve(request); },
                    {.open = true, .inline_ok = true});
  }
  api::refuse_until_ready(router, core.services->readiness);
  return router;
}

}  // namespace vedette::app

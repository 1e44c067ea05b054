#include "api/traffic/routes.hpp"

namespace vedette::api {

void mount_traffic(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  mount_look(router, services);
  mount_source_files(router, services);
  mount_cameras(router, services);
  mount_counts(router, services);
  mount_results(router, services);
  mount_detectors(router, services);
  mount_current(router, services);
  mount_history(router, services);
  mount_crossings(router, services);
  mount_kpi(router, services);
  mount_quality(router, services);
}

}  // namespace vedette::api

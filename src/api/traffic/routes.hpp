// The routes of the room, a file each. Private to src/api/traffic.
#pragma once

#include <memory>

#include "api/traffic/traffic_services.hpp"

namespace vedette::api {

void mount_cameras(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_counts(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_results(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_look(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_source_files(http::Router& router,
                        const std::shared_ptr<const TrafficServices>& services);
void mount_detectors(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_current(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_history(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_crossings(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_kpi(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
void mount_quality(http::Router& router, const std::shared_ptr<const TrafficServices>& services);

}  // namespace vedette::api

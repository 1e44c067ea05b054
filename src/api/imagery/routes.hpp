// The routes of the room, a file each, and what they share. Private to src/api/imagery.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "api/handlers.hpp"
#include "api/imagery/imagery_services.hpp"
#include "imagery/image_store.hpp"

namespace vedette::api {

void mount_uploads(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_images(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_image_list(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_products(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_tiles(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_resumable(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_originals(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_drone(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_panels(http::Router& router, const std::shared_ptr<const ImageryServices>& services);
void mount_missions(http::Router& router, const std::shared_ptr<const ImageryServices>& services);

/// An error in our shape, and beside it the fields that clients of the original crop platform read:
/// `message`, `details`, `timestamp`, `path`.
http::Response refuse_both(const Error& error, const http::Request& request, const Clock& clock);

/// As handler(), for the paths that clients of the original know: its errors by refuse_both().
template <class F>
http::Handler original_handler(std::shared_ptr<const ImageryServices> services,
                               Parameters parameters, F function) {
  return [services = std::move(services), parameters = std::move(parameters),
          function](const http::Request& request) -> http::Response {
    auto response = [&]() -> Result<http::Response> {
      VEDETTE_CHECK(only_parameters(request, parameters));
      return function(*services, request);
    }();
    if (response) return std::move(*response);
    return refuse_both(response.error(), request, services->core->clock);
  };
}

/// The image of the path's {id}. kNotFound, also for what is no id.
Result<imagery::Image> stored_image(const ImageryServices& services, const http::Request& request);

}  // namespace vedette::api

// Turns functions that may fail into handlers. Private to src/api.
#pragma once

#include <memory>
#include <utility>

#include "api/answers.hpp"
#include "api/services.hpp"

namespace vedette::api {

/// `function(const Services&, const http::Request&) -> Result<http::Response>` as a handler; its
/// errors become answers.
template <class F>
http::Handler handler(std::shared_ptr<const Services> services, F function) {
  return
      [services = std::move(services), function](const http::Request& request) -> http::Response {
        auto response = function(*services, request);
        return response ? std::move(*response) : refuse(response.error());
      };
}

}  // namespace vedette::api

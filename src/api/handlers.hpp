// Turns functions that may fail into handlers. Private to src/api.
#pragma once

#include <memory>
#include <utility>

#include "api/answers.hpp"
#include "http/router.hpp"

namespace vedette::api {

/// `function(const S&, const http::Request&) -> Result<http::Response>` as a handler, S being the
/// services of its room; its errors become answers.
template <class S, class F>
http::Handler handler(std::shared_ptr<const S> services, F function) {
  return
      [services = std::move(services), function](const http::Request& request) -> http::Response {
        auto response = function(*services, request);
        return response ? std::move(*response) : refuse(response.error());
      };
}

}  // namespace vedette::api

// Turns functions that may fail into handlers. Private to src/api.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/answers.hpp"
#include "api/query.hpp"
#include "http/router.hpp"

namespace vedette::api {

/// The query parameters that a route knows.
using Parameters = std::vector<std::string>;

/// A handler that refuses other query parameters with 400.
template <class F>
http::Handler strict(Parameters parameters, F function) {
  return [parameters = std::move(parameters),
          function](const http::Request& request) -> http::Response {
    if (auto known = only_parameters(request, parameters); !known) return refuse(known.error());
    return function(request);
  };
}

/// `function(const S&, const http::Request&) -> Result<http::Response>` as a handler, S being the
/// services of its room; its errors become answers. Strict.
template <class S, class F>
http::Handler handler(std::shared_ptr<const S> services, Parameters parameters, F function) {
  return strict(
      std::move(parameters),
      [services = std::move(services), function](const http::Request& request) -> http::Response {
        auto response = function(*services, request);
        return response ? std::move(*response) : refuse(response.error());
      });
}

}  // namespace vedette::api

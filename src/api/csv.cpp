#include "api/csv.hpp"

#include <fmt/format.h>

#include <utility>

namespace vedette::api {

bool wants_csv(const http::Request& request) {
  if (request.path.ends_with(".csv")) return true;
  const auto accept = request.header("accept");
  return accept && accept->find("text/csv") != std::string_view::npos &&
         accept->find("application/json") == std::string_view::npos;
}

http::Response csv_response(std::string text, std::string_view name) {
  http::Response response = http::text(200, std::move(text), kCsv);
  response.set("content-disposition", fmt::format("attachment; filename=\"{}\"", name));
  return response;
}

}  // namespace vedette::api

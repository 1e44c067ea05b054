#include "api/csv.hpp"

#include <fmt/format.h>

#include <utility>

namespace vedette::api {

std::string csv_field(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
    field += '\'';
  field += text;
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

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

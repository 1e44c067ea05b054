// CSV answers (RFC 4180); base/csv.hpp has their fields.
#pragma once

#include <string>
#include <string_view>

#include "http/request.hpp"
#include "http/response.hpp"

namespace vedette::api {

inline constexpr std::string_view kCsv = "text/csv; charset=utf-8";

/// The client asks for CSV in words of its own, or by the address.
bool wants_csv(const http::Request& request);

/// To be kept under that name.
http::Response csv_response(std::string text, std::string_view name);

}  // namespace vedette::api

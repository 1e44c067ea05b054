// The fixed parts of response heads. Internal to http. Pure.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace vedette::http {

/// The fields every response carries to keep browsers from harm, each with its line end.
/// No HSTS: whether the name is always https is the proxy's to say.
inline constexpr std::string_view kSecurityFields =
    "Content-Security-Policy: default-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=(self), payment=(), usb=()\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

/// "Not Found" for 404; "Status" for codes that are not known here.
std::string_view reason(int status);
/// "HTTP/1.1 404 Not Found\r\n".
void append_status_line(std::string& out, int status);
void append_field(std::string& out, std::string_view name, std::string_view value);
/// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t when);

}  // namespace vedette::http

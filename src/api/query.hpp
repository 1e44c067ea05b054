// Reads the query parameters that lists share, strictly: what is wrong is named, with what would be
// right. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/request.hpp"

namespace vedette::api {

/// kInvalid for a query parameter that is not among `known`, with those there are: nobody is
/// answered another question than the one that was asked.
Result<void> only_parameters(const http::Request& request, std::span<const std::string> known);

/// `offset`, "+05:30": of a zone, east of Greenwich, in whole five minutes; zero when it is not
/// given.
Result<Micros> offset_of(const http::Request& request);

/// An instant parameter, absent when it is not given.
Result<std::optional<Instant>> instant_of(const http::Request& request, std::string_view name);

/// 1 to 10000; 1000 when it is not given.
Result<int> limit_of(const http::Request& request);

/// "a,b" -> {"a", "b"}; empty parts are left out. At most 100 parts of 64 characters.
Result<std::vector<std::string>> list_of(const http::Request& request, std::string_view name);

/// A cursor is the last row's keys, joined and encoded so that a client passes it back as it is.
std::string make_cursor(const std::vector<std::string>& keys);
/// The keys of the `cursor` parameter: exactly `count`, or none when it is not given.
Result<std::vector<std::string>> cursor_of(const http::Request& request, std::size_t count);

/// (time, id) of a cursor that a page of records was ended with.
Result<std::pair<std::optional<Instant>, std::int64_t>> record_cursor(const http::Request& request);

/// kInvalid with the parameter's name as the field.
std::unexpected<Error> bad_parameter(std::string_view name, std::string message);

/// A whole number within bounds, the text used up.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least,
                                         std::int64_t most);

}  // namespace vedette::api

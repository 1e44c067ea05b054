// Reads members of a server's answers without trusting their shape: an older, a newer or another
// program may answer. For commands that ask a running server. Pure functions; any thread.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace vedette::app {

/// The member; null pointer when `object` is none or lacks it.
const boost::json::value* member(const boost::json::value& object, std::string_view name);

/// The member; null (the value) when there is none. Points into the argument or to static storage.
const boost::json::value& part_at(const boost::json::value& object, std::string_view name);

/// "" for what is absent, null, or no text.
std::string text_at(const boost::json::value& object, std::string_view name);

/// 0 for what is absent or no number; whole_at also for one that is not whole.
double number_at(const boost::json::value& object, std::string_view name);
std::int64_t whole_at(const boost::json::value& object, std::string_view name);

/// False for what is absent or neither true nor false.
bool flag_at(const boost::json::value& object, std::string_view name);

/// Empty for what is absent or no list. Points into the argument or to static storage.
const boost::json::array& list_at(const boost::json::value& object, std::string_view name);

}  // namespace vedette::app

#include "app/json_member.hpp"

#include <boost/json.hpp>

namespace vedette::app {

namespace json = boost::json;

const json::value* member(const json::value& object, std::string_view name) {
  const auto* members = object.if_object();
  return members == nullptr ? nullptr : members->if_contains(name);
}

const json::value& part_at(const json::value& object, std::string_view name) {
  static const json::value kNothing;
  const auto* found = member(object, name);
  return found == nullptr ? kNothing : *found;
}

std::string text_at(const json::value& object, std::string_view name) {
  const auto* text = part_at(object, name).if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

double number_at(const json::value& object, std::string_view name) {
  const json::value& found = part_at(object, name);
  return found.is_number() ? found.to_number<double>() : 0;
}

std::int64_t whole_at(const json::value& object, std::string_view name) {
  boost::system::error_code not_whole;
  const auto number = part_at(object, name).to_number<std::int64_t>(not_whole);
  return not_whole ? 0 : number;
}

bool flag_at(const json::value& object, std::string_view name) {
  const auto* flag = part_at(object, name).if_bool();
  return flag != nullptr && *flag;
}

const json::array& list_at(const json::value& object, std::string_view name) {
  static const json::array kNone;
  const auto* list = part_at(object, name).if_array();
  return list == nullptr ? kNone : *list;
}

}  // namespace vedette::app

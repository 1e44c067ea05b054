#include "app/flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "app/help_text.hpp"
#include "config/value.hpp"

namespace vedette::app {

Flags& Flags::argument(const std::string& name, std::string& into, const std::string& help) {
  command_.add_option(name, into, help)->required();
  return *this;
}

Flags& Flags::arguments(const std::string& name, std::vector<std::string>& into,
                        const std::string& help) {
  command_.add_option(name, into, help)->take_all();
  return *this;
}

Flags& Flags::text(const std::string& name, const std::string& value, std::string& into,
                   const std::string& help) {
  command_.add_option("--" + name, into, help)->type_name(value);
  return *this;
}

Flags& Flags::texts(const std::string& name, const std::string& value,
                    std::vector<std::string>& into, const std::string& help) {
  command_.add_option("--" + name, into, help)
      ->type_name(value)
      ->take_all()
      ->allow_extra_args(false);
  return *this;
}

Flags& Flags::words(const std::string& name, const std::vector<std::string>& words,
                    std::vector<std::string>& into, const std::string& help) {
  command_.add_option("--" + name, into, help)
      ->check(CLI::IsMember(words))
      ->type_name(fmt::format("{}", fmt::join(words, "|")))
      ->take_all()
      ->allow_extra_args(false);
  return *this;
}

Flags& Flags::word(const std::string& name, const std::vector<std::string>& words,
                   std::string& into, const std::string& help) {
  command_.add_option("--" + name, into, help)
      ->check(CLI::IsMember(words))
      ->type_name(fmt::format("{}", fmt::join(words, "|")));
  return *this;
}

Flags& Flags::number(const std::string& name, int low, int high, int& into,
                     const std::string& help) {
  command_.add_option("--" + name, into, help)->check(CLI::Range(low, high))->type_name("NUMBER");
  return *this;
}

Flags& Flags::flag(const std::string& name, bool& into, const std::string& help) {
  command_.add_flag("--" + name, into, help);
  return *this;
}

Flags& Flags::show_settings() {
  command_.group(std::string(kShowsSettings));
  return *this;
}

Result<std::optional<Micros>> time_of_flag(const std::string& name, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const config::Shape shape{
      .kind = config::Kind::kDuration, .low = 1e3, .high = 1e6 * 86'400 * 366};
  const auto value = config::parse_value(shape, text);
  if (!value) {
    return fail(ErrorCode::kUsage,
                fmt::format("--{}: \"{}\" is not {}", name, text, config::describe(shape)));
  }
  return std::get<Micros>(*value);
}

}  // namespace vedette::app

// The program `vedette`: collects the subcommands and runs the one that was asked for. What escapes
// them ends here, as one sentence and exit code 1.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/command.hpp"
#include "app/config_command.hpp"
#include "app/db_command.hpp"
#include "app/doctor_command.hpp"
#include "app/pipeline.hpp"
#include "app/queue_command.hpp"
#include "app/serve_command.hpp"
#include "app/status_command.hpp"
#include "base/address.hpp"
#include "base/log.hpp"

namespace {

// Everybody on the machine may list the arguments of its programs: what is secret in them is
// written over once they are read.
void hide_secrets(std::span<char*> words) {
  bool is_value_secret = false;
  for (char* word : words) {
    const std::string text(word);
    const bool is_flag = text.starts_with("-");
    const std::string shown =
        is_value_secret && !is_flag ? std::string("***") : vedette::mask_address(text);
    is_value_secret = is_flag && !text.contains('=') && vedette::is_secret_name(text);
    if (shown == text) continue;
    const std::span letters(word, text.size());
    std::ranges::fill(letters, '\0');
    std::ranges::copy_n(shown.begin(),
                        static_cast<std::ptrdiff_t>(std::min(shown.size(), letters.size())),
                        letters.begin());
  }
}

}  // namespace

int main(int count, char** words) {
  using namespace vedette::app;
  try {
    CommandLine line;
    add_serve_command(line);
    for (const PipelineKind& pipeline : pipelines()) pipeline.add_commands(line);
    add_queue_command(line);
    add_status_command(line);
    add_doctor_command(line);
    add_config_command(line);
    add_db_command(line);
    std::vector<std::string> arguments(words + 1, words + count);
    hide_secrets(std::span(words, static_cast<std::size_t>(count)).subspan(1));
    return line.run(std::move(arguments));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}vedette: ended by a defect of its own: {}\n",
               vedette::log::line_start(vedette::log::Level::kError), error.what());
    return kFailed;
  }
}

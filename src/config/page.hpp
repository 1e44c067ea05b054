// The documentation of the settings, written from their table: docs/operations/settings.md. Called
// by `vedette config docs` and by the test that holds the committed page against it. Pure.
#pragma once

#include <string>

namespace vedette::config {

/// The whole page as Markdown.
std::string settings_page();

}  // namespace vedette::config

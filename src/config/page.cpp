#include "config/page.hpp"

#include <fmt/format.h>

#include "config/table.hpp"

namespace vedette::config {
namespace {

constexpr std::string_view kIntroduction = R"(# Settings

This page is written by `vedette config docs` from `src/config/table_*.cpp`; do not edit it.

Every setting has a place in `vedette.toml`, a name in the environment and a flag. Where several say
something, the first of these wins:

1. the flag: `--http-listen 127.0.0.1:9000`
2. the environment: `VEDETTE_HTTP_LISTEN=127.0.0.1:9000` (empty counts as not set)
3. the file `.env` in the working folder, with the same names
4. the file `vedette.toml`: the one `--config` or `VEDETTE_CONFIG` names, else the one in the working
   folder, else the one in the data folder
5. the default

```toml
[http]
listen = "127.0.0.1:9000"
max_body = "64MiB"

[history]
live_retention = "48h"
```

`vedette config` prints all settings as they are in force, and where each came from; secrets are not
shown. A setting that is wrong stops the start (exit code 2) with file, line, what is wrong and what
would be right. Times carry a unit (`500ms`, `10s`, `5m`, `48h`, `90d`), sizes too (`64MiB`); relative
paths in `vedette.toml` start at its folder, all others at the working folder.

| setting | default | allowed | environment |
|---|---|---|---|
)";

constexpr std::string_view kLegacy = R"(
## Names of the original programs

`DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD` make up `database.url` when nothing else
gives it and at least one of `DB_HOST` and `DB_NAME` is set (otherwise: `localhost`, `5432`,
`drone_analytics`). `vedette config` says when that is so.

`S3_BUCKET_NAME` is `blob.bucket`; with a bucket named, by it or by the setting, `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or `AWS_DEFAULT_REGION`) and
`AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`) give what the settings `blob.*` do not. Credentials are
taken from one place only: where `blob.access_key` or `blob.secret_key` is set, not from these.

`UPLOAD_FOLDER` (or `UPLOAD_DIR`) and `PROCESSED_FOLDER` say where `vedette import fields` finds the original's files,
`WORKER_BATCH_SIZE` how many images are worked on at once (a core each); `WORKER_POLL_INTERVAL` and `BACKSCATTER_*` are
known and not used by this version; `vedette config` lists those it finds.
)";

}  // namespace

std::string settings_page() {
  std::string page(kIntroduction);
  for (const auto& declaration : declarations()) {
    const auto standard = !declaration.default_note.empty() ? std::string(declaration.default_note)
                          : declaration.default_text.empty()
                              ? std::string("none")
                              : fmt::format("`{}`", declaration.default_text);
    auto environment = fmt::format("`{}`", environment_name(declaration));
    if (!declaration.short_environment.empty()) {
      environment += fmt::format(" or `{}`", declaration.short_environment);
    }
    page += fmt::format("| **`{}`**<br>{}{} | {} | {} | {} |\n", declaration.name, declaration.help,
                        declaration.is_secret ? ". Secret" : "", standard,
                        describe(declaration.shape), environment);
  }
  page += kLegacy;
  return page;
}

}  // namespace vedette::config

#!/usr/bin/env bash
# Fetches a picture of fields that package registries hold: L7_ETMs.tif (six bands of Landsat 7: public domain, USGS; in the
# R package stars: Apache-2.0) out of Debian's r-cran-stars, which is not installed. Safe to run again.
#
# Usage: tools/fetch_image.sh [FOLDER]     FOLDER: where the picture goes; default: the user's cache
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
folder=${1:-$cache/samples/imagery}
inside=./usr/lib/R/site-library/stars/tif/L7_ETMs.tif
sha256=3b722bf4470144b6691bf720bac08f47c99464acff4dd258252891c06312678e

say() { printf 'image: %s\n' "$*"; }
fail() { printf 'image: %s\n' "$*" >&2; exit 1; }
is_right() { echo "$sha256  $1" | sha256sum -c --quiet >/dev/null 2>&1; }

if is_right "$folder/L7_ETMs.tif"; then
  say "$folder/L7_ETMs.tif is there already"
  exit
fi
command -v apt-get >/dev/null || fail "apt-get is missing: this picture comes out of a Debian package"

mkdir -p "$folder"
work=$(mktemp -d "$folder/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "fetching Debian's r-cran-stars (4 MB)"
# apt drops its rights for downloads and may not write here: that warning is harmless.
(cd "$work" && apt-get download -qq r-cran-stars 2>"$work/log") \
  || { cat "$work/log" >&2; fail "apt-get could not fetch r-cran-stars; run apt-get update as root and try again"; }
dpkg-deb --fsys-tarfile "$work"/r-cran-stars_*.deb | tar -xO "$inside" >"$work/L7_ETMs.tif"
is_right "$work/L7_ETMs.tif" || fail "L7_ETMs.tif is not the file that is expected (SHA-256 differs); nothing was kept"
mv "$work/L7_ETMs.tif" "$folder/"
say "$folder/L7_ETMs.tif is ready"

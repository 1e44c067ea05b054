#!/usr/bin/env bash
# Fetches a video that package registries hold: vtest.avi (people on a car park, 79.5 s) out of Debian's opencv-doc, which
# is not installed. Safe to run again.
#
# Usage: tools/fetch_video.sh [FOLDER]     FOLDER: where the video goes; default: the user's cache
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
folder=${1:-$cache/samples/traffic}
inside=./usr/share/doc/opencv-doc/examples/data/vtest.avi
sha256=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf

say() { printf 'video: %s\n' "$*"; }
fail() { printf 'video: %s\n' "$*" >&2; exit 1; }
is_right() { echo "$sha256  $1" | sha256sum -c --quiet >/dev/null 2>&1; }

if is_right "$folder/vtest.avi"; then
  say "$folder/vtest.avi is there already"
  exit
fi
command -v apt-get >/dev/null || fail "apt-get is missing: this video comes out of a Debian package"

mkdir -p "$folder"
work=$(mktemp -d "$folder/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "fetching Debian's opencv-doc (96 MB)"
# apt drops its rights for downloads and may not write here: that warning is harmless.
(cd "$work" && apt-get download -qq opencv-doc 2>"$work/log") \
  || { cat "$work/log" >&2; fail "apt-get could not fetch opencv-doc; run apt-get update as root and try again"; }
dpkg-deb --fsys-tarfile "$work"/opencv-doc_*.deb | tar -xO "$inside" >"$work/vtest.avi"
is_right "$work/vtest.avi" || fail "vtest.avi is not the file that is expected (SHA-256 differs); nothing was kept"
mv "$work/vtest.avi" "$folder/"
say "$folder/vtest.avi is ready"

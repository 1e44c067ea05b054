#!/usr/bin/env bash
# Installs what is missing and builds a preset (release when none is named). Starts nothing.
#
# Usage: tools/build.sh [PRESET [TARGET...]]
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
case ${1:-release} in release) "$root/tools/setup.sh" ;; *) "$root/tools/setup.sh" --test ;; esac
# Again: set-up may have brought Node.
. "$root/tools/env.sh"
preset=${1:-release}
[ $# = 0 ] || shift
build_preset "$preset" "$@" || { echo "The build of $preset failed." >&2; exit 1; }

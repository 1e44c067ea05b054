#!/usr/bin/env bash
# Installs the UI's packages as ui/package-lock.json names them; does nothing when that is done already.
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
cd "$root/ui"
mark=node_modules/.installed-$(sha256sum package-lock.json | cut -c1-16)
exec 8>"$VEDETTE_DEPS/.npm.lock"
flock 8
[ ! -e "$mark" ] || exit 0
npm ci --no-audit --no-fund --loglevel=error 8>&-
touch "$mark"

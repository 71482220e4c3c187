#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the library in build/ and shows on this machine what fork costs a big process and what
# spawning costs it. Arguments are passed on: sh examples/demo.sh --size 4G
# On a fresh Debian machine, as root, it first installs what it needs.
set -eu
cd "$(dirname "$0")/.."
. tests/support/setup.sh
need compiler meson ninja pkg-config

test -e build/build.ninja || meson setup build -Dauto_features=disabled
meson compile -C build
"$PWD/build/lib/cli/safespawn" demo "$@"
echo "      man $PWD/lib/man/safespawn.1"

#!/bin/sh
# SPDX-License-Identifier: MIT
# subproject.sh SOURCE_ROOT: as a meson subproject, without examples and tests, shared and static.
set -e
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
mkdir -p "$top/subprojects/safespawn"
for part in meson.build LICENSE include lib; do
	cp -R "$1/$part" "$top/subprojects/safespawn/"
done
cat >"$top/meson.build" <<'END'
project('parent', 'c')
safespawn = dependency('safespawn', fallback: 'safespawn')
test('uses', executable('uses', 'uses.c', dependencies: safespawn))
END
cat >"$top/uses.c" <<'END'
#include <safespawn.h>

int main(void)
{
	return ss_stage_name(SS_STAGE_EXEC)[0] != 'e';
}
END
# A build inside a test run: nothing of the outer one belongs here.
unset MESON_BUILD_ROOT MESON_SOURCE_ROOT MESONINTROSPECT CFLAGS LDFLAGS
meson setup "$top/build" "$top" --wrap-mode=forcefallback -Dwerror=true -Dbuildtype=plain
meson compile -C "$top/build" uses
meson test -C "$top/build" --no-rebuild --print-errorlogs uses

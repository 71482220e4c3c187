#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh BUILD_DIR CC...: checks the steps of a user after the install: pkg-config finds the library, a
# program links with it shared, with -static and with the archive alone, and runs.
build=$1
shift
command -v pkg-config >/dev/null || exit 77
set -e
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
cat >"$top/x.c" <<'END'
#include <safespawn.h>

int main(int argc, char **argv)
{
	struct ss_child child;
	int status;

	(void)argc;
	if (ss_spawn(&child, argv + 1, NULL) < 0 || ss_wait(&child, &status, -1) < 0)
		return 1;
	return ss_release(&child) != 0 || status != 0;
}
END

DESTDIR=$top/root meson install -C "$build" --no-rebuild --quiet
pc=$(find "$top/root" -name safespawn.pc)
test -f "$pc"
libdir=${pc%/pkgconfig/*}
PKG_CONFIG_SYSROOT_DIR=$top/root
PKG_CONFIG_LIBDIR=${pc%/*}
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS

test -e "$libdir/libsafespawn.so.0"
test -e "$libdir/libsafespawn.so"
test -e "$libdir/libsafespawn.a"

needs_shared() {
	readelf -dW "$1" | grep -q 'NEEDED.*\[libsafespawn\.so\.0\]'
}

# shellcheck disable=SC2046 # lists of words
{
	"$@" -o "$top/shared" "$top/x.c" $(pkg-config --cflags --libs safespawn)
	"$@" -o "$top/archive" "$top/x.c" $(pkg-config --cflags safespawn) "$libdir/libsafespawn.a" -pthread
}
needs_shared "$top/shared"
needs_shared "$top/archive" && exit 1
LD_LIBRARY_PATH=$libdir "$top/shared" true
LD_LIBRARY_PATH=$libdir "$top/shared" false && exit 1
"$top/archive" true

echo 'int main(void) { return 0; }' >"$top/no.c"
if ! "$@" -static -o "$top/no" "$top/no.c" 2>/dev/null; then
	echo "no static libc here; shared and archive run"
	exit 0
fi
# shellcheck disable=SC2046 # a list of words
"$@" -o "$top/static" "$top/x.c" -static $(pkg-config --static --cflags --libs safespawn)
"$top/static" true
"$top/static" false && exit 1
echo "shared, archive and static programs run"

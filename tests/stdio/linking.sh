#!/bin/sh
# SPDX-License-Identifier: MIT
# linking.sh SOURCE INCLUDE LIBRARY_FOLDER: a program written for libc gets the drop-ins by the
# header and by the linker's --wrap, from the shared library and from the archive.
source=$1 include=$2 library=$3
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
wrap='-Wl,--wrap=system,--wrap=popen,--wrap=pclose'
bad=0

# try NAME ARGUMENT COMPILER...: compiles, runs with the argument.
try() {
	name=$1 argument=$2
	shift 2
	"$@" -I "$include" -o "$out/program" >"$out/log" 2>&1 || {
		echo "$name: does not link"
		cat "$out/log"
		bad=1
		return
	}
	LD_LIBRARY_PATH=$library "$out/program" "$argument"
	status=$?
	test $status = 0 && echo "$name: as it should" && return
	echo "$name: check $status failed"
	bad=1
}

cc=${CC:-cc} cxx=${CXX:-c++}
shared="-L$library -lsafespawn"
archive="$library/libsafespawn.a -pthread"
header='-include safespawn/dropin.h'
strict='-Wall -Wextra -pedantic -Werror'

# Programs that ask libc's headers for more than they give by default.
for ask in '_GNU_SOURCE' '_POSIX_C_SOURCE 200809L'; do
	cat >"$out/${ask%% *}.c" <<-END
	#define $ask
	#include <stdio.h>
	#include <string.h>
	int main(void)
	{
		FILE *f = popen("exit 3", "r+");
		#ifdef _GNU_SOURCE
		return !f || pclose(f) != 3 << 8 || !strcasestr("HELLO", "ell");
		#else
		return !f || pclose(f) != 3 << 8 || !strnlen("HELLO", 9);
		#endif
	}
	END
done
echo '.section .note.GNU-stack, "", %progbits' >"$out/assembler.S"

# shellcheck disable=SC2086 # lists of words
{
	try 'header, shared' fclose $cc $header "$source" $shared
	try 'header, archive' fclose $cc $header "$source" $archive
	try 'header, optimised' fclose $cc -O2 -D_FORTIFY_SOURCE=2 -flto $header "$source" $shared
	try 'header, _GNU_SOURCE' none $cc $strict $header "$out/_GNU_SOURCE.c" $shared
	try 'header, C99 with POSIX' none \
		$cc $strict -std=c99 $header "$out/_POSIX_C_SOURCE.c" $shared
	try 'header, assembler' none $cc $header "$out/assembler.S" "$source" $shared
	try 'wrap, shared' none $cc $wrap "$source" $shared
	try 'wrap, archive' none $cc $wrap "$source" $archive
	try 'wrap with fclose, shared' fclose $cc $wrap,--wrap=fclose "$source" $shared
	try 'wrap with fclose, archive' fclose $cc $wrap,--wrap=fclose "$source" $archive
	try 'wrap, static' none $cc -static $wrap "$source" $archive
	if command -v "${cxx%% *}" >/dev/null && test "${cc%%musl*}" = "$cc"; then
		try 'header, C++' fclose $cxx -x c++ $header "$source" $shared
	else
		echo 'header, C++: no compiler'
	fi
}
exit $bad

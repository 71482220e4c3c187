#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh INCLUDE_DIR: each public header compiles alone, strictly, in each standard, by whatever
# compilers are there.
cd "$1" || exit 2
warnings='-Wall -Wextra -Wundef -pedantic -Werror -fsyntax-only'
source=$(mktemp) || exit 2
trap 'rm -f "$source"' EXIT
bad=0 ran=0

# each COMPILER... -- FLAGS...: compiles $source with those compilers that are there.
each() {
	compilers=
	while test "$1" != --; do
		command -v "$1" >/dev/null && compilers="$compilers $1"
		shift
	done
	shift
	for compiler in $compilers; do
		# It may be older than the standard.
		"$compiler" "$@" -fsyntax-only /dev/null 2>/dev/null || continue
		ran=$((ran + 1))
		# shellcheck disable=SC2086 # a list of words
		"$compiler" $warnings -I. "$@" "$source" && continue
		echo "failed: $compiler $* with $header"
		bad=1
	done
}

# The code of a caller, because the macros must compile, too.
use() {
	cat >"$source" <<-END
	#include <$header>
	int go(struct ss_child *child, char *const argv[]);
	int go(struct ss_child *child, char *const argv[])
	{
		$1
		return ss_spawn(child, argv, $2);
	}
	END
}

for header in safespawn.h safespawn/*.h; do
	echo "#include <$header>" >"$source"
	for std in c99 c11 c17; do
		each gcc clang -- -x c -std=$std
	done
	each gcc clang -- -x c -std=gnu17 -D_GNU_SOURCE
	for std in c++11 c++17 c++20; do
		each g++ clang++ -- -x c++ -std=$std
	done
done

header=safespawn.h
use 'struct ss_failure failure;' \
	'SS_OPTIONS(.cwd = "/tmp", .out = SS_PIPE, .in = SS_FD(3), .failure = &failure)'
each gcc clang -- -x c -std=c99
use 'ss_options options = {}; options.size = sizeof options; options.err = SS_MERGE;
	options.in = SS_READ("a"); options.flags = SS_KEEP_FDS | SS_NEW_GROUP;' '&options'
each g++ clang++ -- -x c++ -std=c++17

use 'struct ss_failure failure;
	if (ss_spawn(child, argv, SS_OPTIONS()) < 0) return 1;' \
	'SS_OPTIONS(.flags = SS_NEW_GROUP, .cwd = "/tmp", .in = SS_FD(3), .out = SS_PIPE, .failure = &failure)'
for std in c++20 c++2b; do
	each g++ clang++ -- -x c++ -std=$std
done

# It declares again what libc's headers do, before them or after.
header=safespawn/dropin.h
libc=$(printf '#include <%s>\n' stdio.h stdlib.h)
for first in "#include <$header>" "$libc"; do
	printf '%s\n' "$first" "$libc" "#include <$header>" 'int go(void);' \
		'int go(void) { return system("") + fclose(stdin) + pclose(popen("", "")); }' >"$source"
	for std in gnu89 gnu99 gnu11 gnu2x; do
		each gcc clang musl-gcc -- -Wredundant-decls -x c -std=$std
	done
	for std in c++98 c++11 c++2b; do
		each g++ clang++ -- -Wredundant-decls -x c++ -std=$std
	done
done

echo "$ran compilations"
test $ran -gt 0 || exit 77
exit $bad

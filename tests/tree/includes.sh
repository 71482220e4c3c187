#!/bin/sh
# SPDX-License-Identifier: MIT
# The folders of lib/ include one another one way only: base <- engine <- process <- stdio;
# base <- preflight. preload and cli use the public header. preload also asks stdio whose a stream is,
# and makes the engine's raw system calls. cli uses the inside of preflight, the engine's search of
# PATH, and files of preload.
cd "$1" || exit 2
bad=0

say() {
	echo "$*"
	bad=1
}

# only FOLDER ALLOWED...: what FOLDER's files include is in ALLOWED folders or their own.
only() {
	folder=lib/$1
	shift
	for file in $(find "$folder" -name '*.[chS]'); do
		for header in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\(.*\)".*/\1/p' "$file"); do
			case $header in
			*..*) say "$file: $header: name it from lib/ instead" ;;
			*/*) allowed "${header%%/*}" "$@" || say "$file must not include $header" ;;
			*) test -e "${file%/*}/$header" || say "$file: $header is not beside it" ;;
			esac
		done
	done
}

allowed() {
	wanted=$1
	shift
	for each; do
		test "$each" = "$wanted" && return 0
	done
	return 1
}

# never FOLDER HEADER...: none of FOLDER's files includes <HEADER>.
never() {
	folder=lib/$1
	shift
	for header; do
		found=$(grep -rlE "^[ 	]*#[ 	]*include[ 	]*<$header>" "$folder")
		test -z "$found" || say "$found: must not include <$header>"
	done
}

only base base
only engine base engine
only process base engine process
only stdio base engine process stdio
only preflight base preflight
only preload base engine preload stdio
only cli base cli engine preflight preload
never base safespawn.h
never engine stdio.h safespawn.h
test -d include/safespawn || say "where is include/safespawn?"
exit $bad

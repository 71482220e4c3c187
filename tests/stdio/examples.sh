#!/bin/sh
# SPDX-License-Identifier: MIT
# examples.sh REPLACE_SYSTEM READ_LINES FEED_COMMAND CONVERSATION: what they print.
bad=0

# same NAME EXPECTED PROGRAM ARGUMENT...
same() {
	name=$1 expected=$2
	shift 2
	printed=$("$@") || { echo "$name: status $?"; bad=1; }
	test "$printed" = "$expected" && return
	printf '%s: printed\n%s\ninstead of\n%s\n' "$name" "$printed" "$expected"
	bad=1
}

export LC_ALL=C
tick="it's"
same replace_system "shell: exit status 0
name: $tick \$HOME; \`id\`
no shell: exit status 0" "$1" "$tick \$HOME; \`id\`"
# shellcheck disable=SC2012 # the example is about ls
same read_lines "$(ls -a / | sort | awk '{ printf "%3d %s\n", NR, $0 }')" "$2"
same feed_command "$(seq 1 10)" "$3"
same conversation '1 2: 3
20 22: 42
-5 5: 0
goodbye' "$4"
exit $bad

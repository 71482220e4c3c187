#!/bin/sh
# SPDX-License-Identifier: MIT
# archive.sh LIBRARY.a: each global symbol of the static library has a prefix of ours, so that none
# takes the place of a caller's own, or is taken for it.
export LC_ALL=C
names=$(${NM:-nm} -g --defined-only "$1" | awk 'NF == 3 { print $3 }')
test -n "$names" || { echo "$1 defines nothing"; exit 1; }
bare=$(echo "$names" | grep -Ev '^(ss_|__wrap_(system|popen|pclose|fclose)$)')
test -z "$bare" || { echo "no prefix of ours:"; echo "$bare"; exit 1; }

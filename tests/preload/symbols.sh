#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh SHIM CPU: it stands in front of these functions and shows nothing else, imports two symbols,
# and brings no library into a program that has libc. CPU `any`: whatever it imports is right.
export LC_ALL=C
shim=$1 cpu=$2
bad=0

say() {
	echo "$shim: $*"
	bad=1
}

command -v "${NM:-nm}" >/dev/null && command -v "${READELF:-readelf}" >/dev/null || exit 77
exported=$(${NM:-nm} -D --defined-only "$shim" | awk '{ print $3 }' | sort | tr '\n' ' ')
test "$exported" = 'fclose fork forkpty pclose popen prctl system ' || say "exports $exported"

# Each import is looked up in every process, and a libc that lacks one ends the program.
imported=$(${NM:-nm} -D --undefined-only "$shim" | awk '{ sub(/@.*/, "", $2); print $2 }' | sort |
	tr '\n' ' ')
case $cpu:$imported in
any:*) ;;
*:'__environ dlsym ') ;;
aarch64:'__environ __getauxval dlsym ') ;;
*) say "imports $imported: see lib/preload/plt/meson.build" ;;
esac

# The shim calls its own functions directly, even if another library has such a name first.
relocated=$(${READELF:-readelf} -rW "$shim" | grep -oE ' (fclose|fork|forkpty|pclose|popen|prctl|system)\b')
test -z "$relocated" || say "calls$relocated through its table"

dynamic=$(${READELF:-readelf} -dW "$shim")
needed=$(echo "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
	grep -vE '^(libc\.|ld-|libdl\.|libpthread\.)')
test -z "$needed" || say "needs $needed"
echo "$dynamic" | grep -qE 'BIND_NOW|FLAGS_1.*NOW' || say "binds lazily"
echo "$dynamic" | grep -q TEXTREL && say "has text relocations"
echo "$dynamic" | grep -qE 'RPATH|RUNPATH' && say "has a run path"
${READELF:-readelf} -lW "$shim" | grep -q 'GNU_STACK.*E ' && say "wants an executable stack"
exit $bad

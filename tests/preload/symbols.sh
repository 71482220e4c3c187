#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh SHIM: it stands in front of these functions and shows nothing else, is bound when it is
# loaded, and brings no library into a program that has libc.
export LC_ALL=C
shim=$1
bad=0

say() {
	echo "$shim: $*"
	bad=1
}

command -v "${NM:-nm}" >/dev/null && command -v "${READELF:-readelf}" >/dev/null || exit 77
exported=$(${NM:-nm} -D --defined-only "$shim" | awk '{ print $3 }' | sort | tr '\n' ' ')
test "$exported" = 'fclose fork forkpty pclose popen system ' || say "exports $exported"

# Each import is looked up in every process, so what late.c is there for must not be among them; nor
# what the linker sees of another libc, unless that has it in its static part only.
imported=$(${NM:-nm} -D --undefined-only "$shim" | awk '{ sub(/@.*/, "", $2); print $2 }' |
	grep -vxE 'dlsym|_*environ|__getauxval|fstat|fstat64|__fxstat64|atexit|pthread_atfork|sigsetjmp')
if ${READELF:-readelf} -SW "$shim" | grep -q ' late_slots ' && ! echo "$imported" | grep -qE 'san_|gcov'; then
	test -z "$imported" || say "imports $imported, see late_names.h"
fi

# What it calls of its own is its own, even if another library has a function of that name first.
relocated=$(${READELF:-readelf} -rW "$shim" | grep -oE ' (fclose|fork|forkpty|pclose|popen|system)\b')
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

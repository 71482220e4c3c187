#!/bin/sh
# SPDX-License-Identifier: MIT
# elf.sh LIBRARY: checks what the dynamic linker sees. The child between clone and exec relies on it: a
# symbol bound at its first call would run the dynamic linker there.
library=$1
bad=0

say() {
	echo "$library: $*"
	bad=1
}

dynamic=$(${READELF:-readelf} -dW "$library") || exit 2
has() {
	echo "$dynamic" | grep -qE "$1"
}

has 'SONAME.*\[libsafespawn\.so\.0\]' || say "SONAME is not libsafespawn.so.0"
has 'BIND_NOW|FLAGS_1.*NOW' || say "symbols are bound lazily"
has 'TEXTREL' && say "has text relocations"
has 'RPATH|RUNPATH' && say "has a run path"
${READELF:-readelf} -lW "$library" | grep 'GNU_STACK.*E ' && say "wants an executable stack"

# Whatever would copy the process, change its mappings for a spawn, or run handlers in the child.
needed=$(${NM:-nm} -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $2); print $2 }')
for symbol in fork vfork _Fork forkpty daemon system popen mmap mmap64 munmap mprotect \
	exit; do
	echo "$needed" | grep -qx "$symbol" && say "needs $symbol"
done
exit $bad

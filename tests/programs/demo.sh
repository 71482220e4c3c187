#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh SAFESPAWN: the demo comes to its end, and every way that must work has worked each time.
out=$("$1" demo --size 64M) || exit 1
echo "$out"
test "$(echo "$out" | grep -cE '(posix_spawn|ss_spawn)\(.* 20 of 20 ')" -ge 2 || exit 1
test "$(echo "$out" | grep -cE -- '--fork=lean +20 of 20 ')" -eq 1 || exit 1
# The commands that it names can be typed as they stand there.
next=$(echo "$out" | sed -n 's/^ *\(.* preflight --all\)$/\1/p')
test -n "$next" && eval "$next" >/dev/null || exit 1

# Its size is that of the place it is in.
out=$(ulimit -v 400000 && "$1" demo) || exit 1
echo "$out"
echo "$out" | grep -qE -- '--fork=lean +20 of 20 ' || exit 1

# No sentence that is not so: fork takes as long as anything else here.
out=$("$1" demo --size 64K) || exit 1
echo "$out"
echo "$out" | grep -qF 'uses 64.0 KiB starts' || exit 1
! echo "$out" | grep -qE '0\.0 GiB|took [01] times'

#!/bin/sh
# SPDX-License-Identifier: MIT
# The shim where lean fork isn't known to work: a program that forks does so natively in every mode.
# absent.sh SHIM PROGRAM
report=$(mktemp) || exit 99
trap 'rm -f "$report"' EXIT

# An emulator has an option of its own for the preload.
run() {
	# shellcheck disable=SC2086 # a list of words
	case $MESON_EXE_WRAPPER in
	"") env "LD_PRELOAD=$1" "SAFESPAWN_FORK=$2" "SAFESPAWN_REPORT=$report" "$3" stay ;;
	*qemu*) $MESON_EXE_WRAPPER -E "LD_PRELOAD=$1" -E "SAFESPAWN_FORK=$2" \
		-E "SAFESPAWN_REPORT=$report" "$3" stay ;;
	*)
		echo "no preload below $MESON_EXE_WRAPPER"
		exit 77
		;;
	esac
}

for mode in rescue lean off; do
	: >"$report"
	run "$1" $mode "$2" || {
		echo "$mode: status $?"
		exit 1
	}
	cat "$report"
	grep -q '"fork":1,.*"native":1,"lean":0,"rescued":0,"failed":0' "$report" || exit 1
done

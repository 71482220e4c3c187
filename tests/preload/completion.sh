#!/bin/bash
# SPDX-License-Identifier: MIT
# completion.sh FILE: what bash offers for the beginning of a command line of safespawn.
# shellcheck source=/dev/null
. "$1" || exit 99
bad=0

# offers WORDS BEGINNING: the last word of it is the one to complete.
offers() {
	local want=$1
	shift
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_safespawn 2>/dev/null
	[[ " ${COMPREPLY[*]} " == *" $want "* ]] || {
		echo "$*: '$want' is not among '${COMPREPLY[*]}'"
		bad=1
	}
}

offers run safespawn ''
offers preflight safespawn p
offers --fork= safespawn run --f
offers lean safespawn run --fork = l
offers sleep safespawn run slee
offers --check safespawn preflight --c
offers "$$" safespawn preflight "$$"
offers --size safespawn demo --s
exit $bad

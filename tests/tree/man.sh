#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public function has a man page, each flag, verdict and cause is in one, each page is installed,
# and neither groff nor mandoc finds fault with one.
cd "$1/lib/man" || exit 2
bad=0

say() {
	echo "$*"
	bad=1
}

functions=$(sed -n '/^global:/,/^[l}]/s/^[ \t]*\([a-z_0-9]*\);.*/\1/p' ../libsafespawn.map |
	grep -v '^__wrap_')
test -n "$functions" || say "no functions in the version script"
for function in $functions; do
	test -e "$function.3" || { say "$function has no page"; continue; }
	page=$function.3
	target=$(sed -n 's/^\.so man3\///p' "$page")
	test -z "$target" || page=$target
	test -e "$page" || { say "$function.3 leads to $page, which isn't there"; continue; }
	sed -n '/^\.SH NAME/,/^\.SH [^N]/p' "$page" | grep -qw "$function" ||
		sed -n '/^\.Sh NAME/,/^\.Sh [^N]/p' "$page" | grep -qw "$function" ||
		say "$page doesn't name $function"
done

constants=$(sed -n 's/^#define \(SS_[A-Z_]*\) (UINT.*/\1/p
	s/^[\t ]*\(SS_\(FORK\|CAUSE\)_[A-Z_]*\).*/\1/p' ../../include/safespawn.h)
test -n "$constants" || say "no constants in the header"
for constant in $constants; do
	grep -qw "$constant" ./*.3 || say "$constant is in no page"
done

for page in *.[1-9]; do
	grep -qF "'$page'" meson.build || say "$page is not installed"
done

# Pages that lead to another are left out: mandoc looks for its target where it would be installed.
if command -v mandoc >/dev/null; then
	for page in *.[1-9]; do
		grep -q '^\.so ' "$page" && continue
		remarks=$(mandoc -Tlint -Wstyle "$page" 2>&1)
		test -z "$remarks" || say "$remarks"
	done
else
	echo "no mandoc: its remarks not asked for"
fi

if ! command -v groff >/dev/null; then
	echo "no groff: pages not rendered"
	test $bad = 0 && exit 77
	exit 1
fi
for page in *.[1-9]; do
	grep -q '^\.so ' "$page" && continue
	warnings=$(groff -t -mandoc -Tutf8 -rLL=78n -ww -z "$page" 2>&1)
	test -z "$warnings" || say "$page: $warnings"
done
exit $bad

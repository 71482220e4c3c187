# SPDX-License-Identifier: MIT
# Sourced: cmocka for a C library or a machine that Debian has no package of it for.

. .ci/sources.sh

fetch_cmocka() {
	test -e build-cmocka/cmocka.c && return
	need xz
	rm -rf build-cmocka
	source_lists build-cmocka || exit 77
	source_package build-cmocka cmocka source
	mv build-cmocka/source/src/cmocka.c build-cmocka
	mv build-cmocka/source/include build-cmocka
}

# make_cmocka NAME CC...: build-NAME-cmocka/cmocka.pc and what it leads to.
make_cmocka() {
	fetch_cmocka
	top=$PWD/build-$1-cmocka
	shift
	rm -rf "$top"
	mkdir "$top"
	"$@" -O1 -g -DHAVE_MALLOC_H -DHAVE_INTTYPES_H -DHAVE_SIGNAL_H -DHAVE_STRINGS_H \
		-DHAVE_CLOCK_REALTIME -DHAVE_STRUCT_TIMESPEC -DHAVE_STRSIGNAL -DHAVE_SIGLONGJMP \
		-DHAVE_GCC_THREAD_LOCAL_STORAGE -D_GNU_SOURCE -w \
		-Ibuild-cmocka/include -c build-cmocka/cmocka.c -o "$top/cmocka.o"
	ar rcs "$top/libcmocka.a" "$top/cmocka.o"
	cat >"$top/cmocka.pc" <<-END
	Name: cmocka
	Description: cmocka
	Version: 1.1.5
	Cflags: -I$PWD/build-cmocka/include
	Libs: -L$top -lcmocka
	END
}

# SPDX-License-Identifier: MIT
# Sourced: cmocka for a C library or a machine that Debian has no package of it for.

# The source package of the release in use, without touching apt's own lists.
fetch_cmocka() {
	test -e build-cmocka/cmocka.c && return
	command -v apt-get >/dev/null || { echo "needs Debian's source packages"; exit 77; }
	need xz
	rm -rf build-cmocka
	mkdir -p build-cmocka/lists/partial
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u >build-cmocka/sources.list
	(
		cd build-cmocka
		set -- -q -o Dir::Etc::SourceList="$PWD/sources.list" \
			-o Dir::Etc::SourceParts=/dev/null \
			-o Dir::State::Lists="$PWD/lists" -o APT::Sandbox::User=root
		apt-get "$@" update
		apt-get "$@" source --download-only cmocka
		tar -xf cmocka_*.orig.tar.xz --strip-components 1
		mv src/cmocka.c .
	)
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

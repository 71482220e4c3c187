# SPDX-License-Identifier: MIT
# Sourced: packages of Debian that apt does not offer as it is set up (sources, those of other
# releases), without touching apt's own lists.

# Without the security updates: not every mirror has their sources, and what the authors gave out is
# the same. source_lists DIR: once before source_package.
source_lists() {
	command -v apt-get >/dev/null || { echo "needs Debian's source packages"; return 1; }
	rm -rf "$1/lists"
	mkdir -p "$1/lists/partial"
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | grep -v -e -security | sort -u >"$1/sources.list"
	source_apt "$1" update
}

# source_package DIR PACKAGE TO: what its authors gave out, unpacked below DIR.
source_package() {
	source_apt "$1" source --download-only "$2" || return 1
	rm -rf "${1:?}/$3"
	mkdir "$1/$3"
	for tar in "$1/$2"_*.orig.tar.?z; do tar -xf "$tar" -C "$1/$3" --strip-components 1; done
}

source_apt() (
	cd "$1" || exit 1
	shift
	apt-get -q -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$PWD/lists" -o APT::Sandbox::User=root "$@"
)

# source_of PROGRAM: the source package that an installed program is from.
source_of() {
	path=$(readlink -f "$(command -v "$1")") || return 1
	owner=$(dpkg-query -S "$path" 2>/dev/null || dpkg-query -S "${path#/usr}") || return 1
	dpkg-query -W -f '${source:Package}' "${owner%%:*}"
}

# release_lists DIR RELEASE [ARCHITECTURE]: once before release_apt.
release_lists() {
	command -v apt-get >/dev/null || { echo "needs Debian's packages"; return 1; }
	rm -rf "$1/lists"
	mkdir -p "$1/lists/partial"
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
		grep -v -e -security | head -n 1)
	echo "deb $uri $2 main" >"$1/sources.list"
	release_apt "$1" apt-get -q ${3:+-o "APT::Architecture=$3" -o "APT::Architectures=$3"} update
}

# release_apt DIR COMMAND...: apt-get or apt-cache, in that folder.
release_apt() (
	cd "$1" || exit 1
	shift
	command=$1
	shift
	"$command" -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$PWD/lists" -o Dir::State::Status=/dev/null -o Dir::Cache::pkgcache= \
		-o Dir::Cache::srcpkgcache= -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
)

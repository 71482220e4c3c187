# SPDX-License-Identifier: MIT
# Sourced by the scripts that have to work on a fresh machine: need PART... installs what is
# missing. Where it can't (no apt-get, or not root) it says which packages to install, and fails.
# want PART... is the same for what is of use but can be done without.

can_compile() {
	echo 'int main(void) { return 0; }' | ${CC:-cc} -x c -o /dev/null - 2>/dev/null
}

# What meson.build asks for.
meson_wanted() {
	sed -n "s/.*meson_version: *'>= *\\([0-9.]*\\)'.*/\\1/p" meson.build
}

meson_is_new_enough() {
	test -n "$1" && printf '%s\n' "$(meson_wanted)" "$1" | sort -C -V
}

meson_candidate() {
	apt-cache policy meson 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9][0-9.]*[0-9]\).*/\1/p'
}

# The meson that is there, or else the one that would be installed. A new machine has no lists yet.
meson_version() {
	meson --version 2>/dev/null && return
	can_install || return 0
	test -n "$(meson_candidate)" || apt-get update -q </dev/null >&2 || true
	meson_candidate
}

# A package would not help, so nothing is installed.
refuse_old_meson() {
	version=$(meson_version)
	test -n "$version" || return 0
	meson_is_new_enough "$version" && return
	cat >&2 <<-END
	meson $version is too old, $(meson_wanted) or newer is needed. Nothing was installed. To get one, with
	python3 and its venv module (Debian, Ubuntu: apt-get install python3-venv), then run this again:
	  python3 -m venv ~/meson && ~/meson/bin/pip install meson && PATH=~/meson/bin:\$PATH
	END
	return 1
}

# PART is there?
have() {
	case $1 in
	compiler) can_compile ;;
	apr-1 | cmocka | gio-2.0) pkg-config --exists "$1" 2>/dev/null ;;
	meson) meson_is_new_enough "$(meson --version 2>/dev/null)" ;;
	ninja) command -v ninja >/dev/null || command -v samu >/dev/null ;;
	c++) command -v c++ >/dev/null ;;
	pg_ctl) ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 ;;
	cron | php-fpm* | sshd) PATH=$PATH:/usr/sbin command -v "$1" >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# Its package in Debian.
package_of() {
	case $1 in
	apr-1) echo libapr1-dev ;;
	compiler) echo gcc libc6-dev ;;
	dh) echo debhelper ;;
	dpkg-buildpackage) echo dpkg-dev ;;
	c++) echo g++ ;;
	ninja) echo ninja-build ;;
	tclsh) echo tcl ;;
	cgi-fcgi) echo libfcgi-bin ;;
	cmocka) echo libcmocka-dev ;;
	clang++) echo clang ;;
	gio-2.0) echo libglib2.0-dev ;;
	groff) echo groff-base ;;
	musl-gcc) echo musl-tools ;;
	qemu-aarch64 | qemu-riscv64) echo qemu-user ;;
	aarch64-linux-gnu-gcc) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
	i686-linux-gnu-gcc) echo gcc-i686-linux-gnu libc6-dev-i386-cross ;;
	riscv64-linux-gnu-gcc) echo gcc-riscv64-linux-gnu libc6-dev-riscv64-cross ;;
	dpkg-buildflags) echo dpkg-dev ;;
	node) echo nodejs ;;
	qemu-system-x86_64) echo qemu-system-x86 ;;
	pg_ctl) echo postgresql ;;
	php-fpm8.2) echo php-fpm ;;
	redis-cli) echo redis-tools ;;
	sftp) echo openssh-client ;;
	sshd) echo openssh-server openssh-sftp-server ;;
	php) echo php-cli ;;
	setpriv) echo util-linux ;;
	xz) echo xz-utils ;;
	*) echo "$1" ;;
	esac
}

say_what_to_install() {
	cat >&2 <<-END
	Missing:$tools_missing. Please install, as root:
	  Debian, Ubuntu: apt-get install$1
	  Fedora:         dnf install gcc meson ninja-build pkgconf-pkg-config libcmocka-devel
	  Arch:           pacman -S gcc meson ninja pkgconf cmocka
	  Alpine:         apk add gcc musl-dev linux-headers meson pkgconf cmocka-dev
	  openSUSE:       zypper install gcc meson ninja pkg-config libcmocka-devel
	END
}

install_packages() {
	echo "Installing: $*" >&2
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	set -- apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
	# Lists may be missing or old; a new machine may be installing updates.
	"$@" </dev/null >&2 || { apt-get update -q </dev/null >&2 && "$@" </dev/null >&2; }
}

missing() {
	tools_missing=
	packages=
	for part; do
		have "$part" && continue
		tools_missing="$tools_missing $part"
		packages="$packages $(package_of "$part")"
	done
	test -n "$tools_missing"
}

can_install() {
	test "$(id -u)" = 0 && command -v apt-get >/dev/null
}

want() {
	missing "$@" || return 0
	# shellcheck disable=SC2086 # a list of words
	can_install && install_packages $packages
	! missing "$@"
}

need() {
	case " $* " in *' meson '*) refuse_old_meson || return 1 ;; esac
	want "$@" && return 0
	say_what_to_install "$packages"
	return 1
}

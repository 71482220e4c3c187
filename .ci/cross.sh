# SPDX-License-Identifier: MIT
# Sourced by the checks for other machines: cross CPU builds with Debian's cross compiler and runs
# the tests in qemu-user, where a child never shares its parent's memory.

# A child's exec is the kernel's own: it has to know what to do with a program of this machine.
register() {
	misc=/proc/sys/fs/binfmt_misc
	test -e $misc/register || mount -t binfmt_misc none $misc || return 1
	test -e "$misc/safespawn-$1" && return
	# The ELF header's e_machine.
	case $1 in
	aarch64) machine='\xb7\x00' ;;
	riscv64) machine='\xf3\x00' ;;
	esac
	# Class, byte order, version; whatever; ET_EXEC or ET_DYN.
	magic="\\x7fELF\\x02\\x01\\x01$(repeat 9 '\x00')\\x02\\x00$machine"
	mask="$(repeat 7 '\xff')$(repeat 9 '\x00')\\xfe\\xff\\xff\\xff"
	printf '%s' ":safespawn-$1:M::$magic:$mask:$(command -v "qemu-$1"):PF" >$misc/register
	# shellcheck disable=SC2064 # the name as it is now
	trap "echo -1 >$misc/safespawn-$1" EXIT
	trap 'exit 1' INT TERM HUP
}

repeat() {
	for _ in $(seq "$1"); do printf '%s' "$2"; done
}

# cross_build CPU FAMILY LINE...: lines for the cross file's [binaries].
cross_build() {
	cpu=$1 family=$2
	shift 2
	need "$cpu-linux-gnu-gcc"
	make_cmocka "$cpu" "$cpu-linux-gnu-gcc"
	cat >"build-$cpu-cmocka/cross.ini" <<-END
	[properties]
	pkg_config_libdir = '$PWD/build-$cpu-cmocka'
	leanfork_trial = ${LEANFORK_TRIAL:-false}
	own_machine = ${OWN_MACHINE:-false}
	[host_machine]
	system = 'linux'
	cpu_family = '$family'
	cpu = '$cpu'
	endian = 'little'
	[binaries]
	c = '$cpu-linux-gnu-gcc'
	ar = '$cpu-linux-gnu-ar'
	strip = '$cpu-linux-gnu-strip'
	nm = '$cpu-linux-gnu-nm'
	pkgconfig = 'pkg-config'
	$(printf '%s\n' "$@")
	END
	build "$cpu" --cross-file "build-$cpu-cmocka/cross.ini"
}

cross() {
	need "qemu-$1"
	cross_build "$1" "$1" "exe_wrapper = ['qemu-$1', '-L', '/usr/$1-linux-gnu']"
	register "$1" || { echo "no binfmt_misc: built, but tests can't run here"; exit 77; }
	QEMU_LD_PREFIX=/usr/$1-linux-gnu
	export QEMU_LD_PREFIX
	quick_tests --suite unit --suite api --suite shim --timeout-multiplier 10
}

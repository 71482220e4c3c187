/* SPDX-License-Identifier: MIT */
/* Whether the kernel would refuse the charge of a native fork. */
#include "preload/leanfork/parent_charge.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/commit.h"
#include "preload/leanfork/gate.h"
#include "preload/leanfork/joined.h"
#include "preload/leanfork/kernel_signals.h"
#include "preload/leanfork/leanfork.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/proc.h"
#include "preload/leanfork/ranges.h"

#define STRICT '2'
#define KIB 1024
#define FIRST_USER_NAMESPACE UINT64_C(4026531837)

static uint64_t bytes_of(const struct proc_value *kib)
{
	return proc_number(kib->text) * KIB;
}

/* A field of statm, in bytes. */
static uint64_t statm(int which)
{
	char text[256], *at = text;
	if (!proc_read(PROC_SELF "statm", text, sizeof text))
		return 0;
	for (; which > 0 && *at; at++)
		which -= *at == ' ';
	return proc_number(at) * PAGE;
}

static uint64_t kib_of(const char *setting)
{
	char text[32];
	return proc_read(setting, text, sizeof text) ? proc_number(text) * KIB : 0;
}

/* CapEff is hexadecimal; bit 21 is CAP_SYS_ADMIN. */
static bool is_admin(void)
{
	struct proc_value effective = {.name = "CapEff:"};
	uint64_t set = 0;
	proc_values(PROC_SELF "status", &effective, 1);
	for (const char *digit = effective.text; *digit; digit++)
		set = set << 4 | (uint64_t)(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
	return set >> 21 & 1;
}

static bool is_in_first_namespace(void)
{
	char name[64] = "";
	proc_readlink(PROC_SELF "ns/user", name, sizeof name - 1);
	return proc_number(name) == FIRST_USER_NAMESPACE;
}

bool charge_refused(uint64_t bytes)
{
	struct proc_value memory[] = {{.name = "CommitLimit:"}, {.name = "Committed_AS:"}};
	char mode[8];
	if (!proc_read("/proc/sys/vm/overcommit_memory", mode, sizeof mode) || mode[0] != STRICT ||
		!proc_values("/proc/meminfo", memory, 2))
		return false;
	struct commit commit = {
		.limit = bytes_of(&memory[0]),
		.committed = bytes_of(&memory[1]),
		.admin_reserve = kib_of("/proc/sys/vm/admin_reserve_kbytes"),
		.user_reserve = kib_of("/proc/sys/vm/user_reserve_kbytes"),
		.total = statm(0),
		.privileged = is_admin() && is_in_first_namespace(),
	};
	return commit.limit != 0 && bytes != 0 && ss__commit_refuses(&commit, bytes);
}

bool charge_is_there(uint64_t bytes)
{
	struct proc_value memory[] = {{.name = "MemAvailable:"}, {.name = "SwapFree:"}};
	proc_values("/proc/meminfo", memory, 2);
	return !memory[0].text[0] || bytes <= bytes_of(&memory[0]) + bytes_of(&memory[1]);
}

uint64_t charge_mapped(void)
{
	return statm(0);
}

uint64_t charge_data(void)
{
	return statm(5);
}

/* A descriptor would be inherited by a child that another thread makes natively meanwhile. */
uint64_t lean_estimate(void)
{
	static _Atomic uint64_t last = UINT64_MAX;
	uint64_t mask = 0;
	set_mask(UINT64_MAX, &mask);
	if (lock_lean_at_once()) {
		atomic_store(&last, charge_data());
		unlock_lean();
	}
	set_mask(mask, NULL);
	return atomic_load(&last);
}

/* The strict mode takes no notice of MAP_NORESERVE: memory mapped with it joins its neighbour that
 * is mapped without. No other mapping is only writable. Takes no descriptor. */
static bool may_be_strict(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	long at = gate6(SYS_mmap, 0, 2 * PAGE, PROT_WRITE, flags, -1, 0);
	if (at < 0)
		return true;
	long second = gate6(
		SYS_mmap, at + PAGE, PAGE, PROT_WRITE, flags | MAP_FIXED | MAP_NORESERVE, -1, 0);
	bool strict = second < 0 || is_joined((uintptr_t)at + PAGE);
	gate2(SYS_munmap, at, 2 * PAGE);
	return strict;
}

/* For so many descriptors it waits for its turn. */
static bool is_refused_now(void)
{
	uint64_t mask = 0;
	set_mask(UINT64_MAX, &mask);
	bool turn = lock_lean(mask, false) == TURN_TAKEN;
	bool refused = charge_refused(charge_data());
	if (turn)
		unlock_lean();
	set_mask(mask, NULL);
	return refused;
}

bool lean_refused(void)
{
	return !lean_is_child() && may_be_strict() && is_refused_now();
}

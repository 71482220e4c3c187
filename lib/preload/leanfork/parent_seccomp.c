/* SPDX-License-Identifier: MIT */
/*
 * A seccomp filter may kill the process for a system call that it does not know. Lean fork makes
 * calls that most programs never make. So a child tries them all first. Hazards:
 *
 *  1. Memory of the child's own would be charged, and copied. So the child shares the parent's
 *     memory, and has a stack of its own there. The parent waits, as in vfork.
 *  2. Nobody may notice the child. So its exit signal is 0, and only __WALL sees it. It must not be
 *     the first of a pid namespace, where nobody else could be made after its end. Without an
 *     earlier answer there is none then.
 *  3. SIGSYS kills the child and dumps core. Before 5.16 Linux killed all processes that share the
 *     memory of one that dumps core. Nor may all that memory be dumped.
 *  4. What the parent needs before there is an answer cannot be tried: to open and read a file, to
 *     map memory, to change its signal mask, clone and wait.
 *  5. A thread may get further filters, and other threads have others. So an answer is for the
 *     thread and the number of its filters, which never falls.
 */
#include "preload/leanfork/parent_seccomp.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "engine/syscall.h"
#include "preload/leanfork/gate.h"
#include "preload/leanfork/kernel_signals.h"
#include "preload/leanfork/leanfork.h"
#include "preload/leanfork/proc.h"
#include "preload/leanfork/trigger.h"

/* Newer than some headers. */
#define POPULATE_WRITE 23
#define GUARD_INSTALL 102
#define PAGEMAP_SCAN_CALL 0xc0606610

#define STACK_SIZE 65536

enum answer { UNKNOWN, PASSED, FAILED };

static _Atomic bool may_report; /* by the last answer */

#ifdef ENGINE_RAW

struct trial {
	_Atomic int may_wait, passed, may_report;
	_Alignas(16) unsigned char stack[STACK_SIZE];
};

/*
 * None of these calls has an effect. Arguments that a filter may look at are those of a lean fork.
 */
static const struct harmless {
	long nr, args[4];
} calls[] = {
	{SYS_getpid, {0}},
	{SYS_gettid, {0}},
	{SYS_getppid, {0}},
	{SYS_mmap, {0, 0, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS}},
	{SYS_mmap, {0, 0, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE}},
	{SYS_munmap, {1, 0}},
	{SYS_mremap, {1, 0, 0, 0}},
	{SYS_mprotect, {0, 0, PROT_READ}},
	{SYS_madvise, {0, 0, MADV_DONTFORK}},
	{SYS_madvise, {0, 0, MADV_DOFORK}},
	{SYS_madvise, {0, 0, MADV_WIPEONFORK}},
	{SYS_madvise, {0, 0, MADV_KEEPONFORK}},
	{SYS_madvise, {0, 0, MADV_NORMAL}},
	{SYS_madvise, {0, 0, MADV_RANDOM}},
	{SYS_madvise, {0, 0, MADV_SEQUENTIAL}},
	{SYS_madvise, {0, 0, POPULATE_WRITE}},
	{SYS_madvise, {0, 0, GUARD_INSTALL}},
	{SYS_msync, {0, 0, MS_ASYNC}},
	{SYS_mincore, {0, 0, 0}},
	{SYS_ioctl, {-1, PAGEMAP_SCAN_CALL, 0}},
	{SYS_pread64, {-1, 0, 0, 0}},
	{SYS_sched_yield, {0}},
	{SYS_brk, {0}},
	{SYS_rt_sigprocmask, {SIG_SETMASK, 0, 0, 8}},
	{SYS_rt_sigpending, {0, 8}},
	{SYS_rt_sigtimedwait, {0, 0, 0, 8}},
	{SYS_rt_sigqueueinfo, {-1, 0, 0}},
	{SYS_rt_tgsigqueueinfo, {-1, -1, 0, 0}},
	{SYS_tgkill, {-1, -1, 0}},
	{SYS_kill, {INT32_MAX, 0}},
	{SYS_sigaltstack, {0, 0}},
	{SYS_set_robust_list, {0, 24}},
	{SYS_futex, {0, FUTEX_WAKE_PRIVATE, 0}},
	{SYS_futex, {1, FUTEX_WAIT, 0, 0}},
	{SYS_process_vm_readv, {0, 0, 0, 0}},
	{SYS_clock_gettime, {CLOCK_MONOTONIC, 0}},
	{SYS_prctl, {PR_SET_PDEATHSIG, 0}},
	{SYS_prctl, {PR_GET_PDEATHSIG, 0}},
	{SYS_prctl, {PR_GET_THP_DISABLE, 0, 0, 0}},
	{SYS_prctl, {PR_SET_THP_DISABLE, 0, 1, 0}}, /* EINVAL */
	{SYS_ppoll, {0, -1, 0, 0}},
	{SYS_fstat, {-1, 0}},
	{SYS_newfstatat, {-1, 0, 0, 0}},
	{SYS_fcntl, {-1, F_GETFL}},
#ifdef SYS_readlink
	{SYS_readlink, {0, 0, 0}},
#endif
	{SYS_prlimit64, {0, RLIMIT_DATA, 0, 0}},
};

/* The same for a report (report_write.c). */
static const struct harmless report_calls[] = {
	{SYS_openat, {-1, 0, 0, 0}},
#ifdef SYS_open
	{SYS_open, {0, 0, 0}},
#endif
	{SYS_fstat, {-1, 0}},
	{SYS_lseek, {-1, 0, 0}},
	{SYS_pread64, {-1, 0, 0, 0}},
	{SYS_pwrite64, {-1, 0, 0, 0}},
	{SYS_write, {-1, 0, 0}},
};

static void make(const struct harmless *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const long *args = list[i].args;
		gate4(list[i].nr, args[0], args[1], args[2], args[3]);
	}
}

/*
 * Hazard 3, except for a filter against these calls. A handler of the program's must not run here.
 */
static void die_quietly(void)
{
	static const struct kernel_action plain;
	struct rlimit limit;
	set_action(SIGSYS, &plain);
	if (gate4(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max ? 1 : 0; /* 1: no core program is started either */
	gate4(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL);
}

/* The child. */
static void try_all(void *arg)
{
	struct trial *trial = arg;
	die_quietly();
	gate5(SYS_waitid, P_PID, INT32_MAX, NULL, WEXITED | WNOHANG, NULL);
	atomic_store(&trial->may_wait, 1);
	make(calls, sizeof calls / sizeof calls[0]);
	trigger_try();
	atomic_store(&trial->passed, 1);
	make(report_calls, sizeof report_calls / sizeof report_calls[0]);
	atomic_store(&trial->may_report, 1);
	for (;;)
		gate1(SYS_exit_group, 0);
}

/* Waits by the call that has been tried, if any. All signals are blocked. */
static void reap(const struct trial *trial, long pid)
{
	if (!trial->may_wait || gate5(SYS_waitid, P_PID, pid, NULL, WEXITED | __WALL, NULL) < 0)
		gate4(SYS_wait4, pid, NULL, __WALL, NULL);
}

static enum answer run(struct trial *trial)
{
	uint64_t mask = 0;
	set_mask(UINT64_MAX, &mask);
	long pid = raw_clone(SYS_clone, CLONE_VM | CLONE_VFORK,
		(long)(trial->stack + sizeof trial->stack), 0, 0, try_all, trial);
	if (pid > 0)
		reap(trial, pid);
	set_mask(mask, NULL);
	atomic_store(&may_report, trial->may_report);
	return pid < 0 ? UNKNOWN : trial->passed ? PASSED : FAILED;
}

static enum answer try_out(void)
{
	long at = gate6(SYS_mmap, 0, sizeof(struct trial), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return UNKNOWN;
	enum answer answer = run((struct trial *)at);
	gate2(SYS_munmap, at, sizeof(struct trial));
	return answer;
}

/* Hazard 3: 5.16 or later. */
static bool may_try(void)
{
	char text[64], *at = text;
	if (!proc_read("/proc/sys/kernel/osrelease", text, sizeof text))
		return false;
	uint64_t major = proc_number(text);
	while (*at && *at != '.')
		at++;
	return major > 5 || (major == 5 && proc_number(at) >= 16);
}

#else

static bool may_try(void)
{
	return false;
}

static enum answer try_out(void)
{
	return UNKNOWN;
}

#endif

bool seccomp_passes(const char *mode, const char *count)
{
	static _Thread_local uint32_t passed;
	static _Atomic uint32_t failed;
	if (*mode == '0')
		return true;
	uint32_t filters = (uint32_t)proc_number(count);
	if (!filters || filters == atomic_load(&failed))
		return false;
	if (filters == passed)
		return true;
	if (proc_next_child_is_first()) /* hazard 2 */
		return false;
	enum answer answer = may_try() ? try_out() : FAILED;
	if (answer == FAILED)
		atomic_store(&failed, filters);
	if (answer == PASSED)
		passed = filters;
	return answer == PASSED;
}

bool seccomp_pass(void)
{
	struct proc_value filters[] = {{.name = "Seccomp:"}, {.name = "Seccomp_filters:"}};
	return proc_values(PROC_SELF "status", filters, 2) &&
	       seccomp_passes(filters[0].text, filters[1].text);
}

/* The report has waited since the process was loaded, because there was a filter by then. */
bool lean_may_report(void)
{
	return seccomp_pass() && atomic_load(&may_report);
}

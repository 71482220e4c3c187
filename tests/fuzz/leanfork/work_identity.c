/* SPDX-License-Identifier: MIT */
/* Work on what the process is: ids, limits, sessions, attributes. */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "self.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

WORK(says_who_it_is)
{
	pid_t pid = getpid();
	note("%d %d %d %d %d", pid == gettid(), getppid() == parent_pid(),
		getpgrp() == parent_pid(), getsid(0) == parent_pid(), getpgid(0) == pid);
	note("%d %d %d %d", getuid(), geteuid(), getgid(), getegid());
}

WORK(changes_group)
{
	note_result("setpgid", setpgid(0, s->a & 1 ? 0 : parent_pid()));
}

WORK(makes_a_session)
{
	note("setsid %d", setsid() == getpid());
}

WORK(changes_user)
{
	gid_t groups[] = {65534, 12, 13};
	switch (s->a % 6) {
	case 0:
		note_result("setgroups", setgroups(s->b % 4, groups));
		break;
	case 1:
		note_result("setgid", setgid(s->b & 1 ? 65534 : 0));
		break;
	case 2:
		note_result("setresuid", setresuid((uid_t)-1, s->b & 1 ? 65534 : 0, (uid_t)-1));
		break;
	case 3:
		note_result("setuid", setuid(65534));
		break;
	case 4:
		note_result("setfsuid", setfsuid(s->b & 1 ? 65534 : 0));
		break;
	default:
		note_result("setregid", setregid(12, 13));
	}
}

struct limit {
	int what;
	rlim_t values[2];
};

static void set_limit(const struct limit *to, const struct step *s)
{
	__rlimit_resource_t what = (__rlimit_resource_t)to->what;
	struct rlimit limit, old = {0, 0};
	note_result("getrlimit", getrlimit(what, &old));
	limit = (struct rlimit){to->values[s->b & 1], s->c & 1 ? old.rlim_max : to->values[1]};
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	note_result("setrlimit", setrlimit(what, &limit));
	getrlimit(what, &limit);
	note("%d: %llx %llx, was %llx %llx", to->what, (unsigned long long)limit.rlim_cur,
		(unsigned long long)limit.rlim_max, (unsigned long long)old.rlim_cur,
		(unsigned long long)old.rlim_max);
}

/* None that the victim could not do with. */
WORK(sets_limit)
{
	static const struct limit limits[] = {{RLIMIT_NOFILE, {64, 256}}, {RLIMIT_CORE, {0, 0}},
		{RLIMIT_FSIZE, {100000, 1 << 20}}, {RLIMIT_STACK, {4 << 20, 8 << 20}},
		{RLIMIT_MEMLOCK, {0, 65536}}, {RLIMIT_AS, {(rlim_t)1 << 46, (rlim_t)1 << 45}},
		{RLIMIT_CPU, {100, 1000}}, {RLIMIT_NPROC, {10000, 20000}},
		{RLIMIT_SIGPENDING, {100, 1000}}, {RLIMIT_RTPRIO, {0, 1}}};
	set_limit(&limits[s->a % (sizeof limits / sizeof limits[0])], s);
}

/* So that it can map no more, for a while: even a native run cannot tell whether a thread gets a
 * stack then. The hard limit stays, because nobody can bring memory in beyond it. */
WORK(limits_its_data)
{
	struct rlimit limit, before;
	int status = -1;
	note_result("getrlimit", getrlimit(RLIMIT_DATA, &before));
	limit = (struct rlimit){s->a & 1 ? 1 << 20 : before.rlim_max, before.rlim_max};
	note_result("setrlimit", setrlimit(RLIMIT_DATA, &limit));
	getrlimit(RLIMIT_DATA, &limit);
	note("%llx %llx", (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
	void *at = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	note("mmap %s", at == MAP_FAILED ? strerrorname_np(errno) : "fine");
	pid_t pid = s->b & 1 ? fork_again() : -1;
	if (pid == 0)
		_exit(look_at_slot(p, s->b % p->n_slots, &(unsigned){0}) & 63);
	if (pid > 0 && waitpid(pid, &status, 0) == pid)
		note("status %x", (unsigned)status);
	if (at != MAP_FAILED)
		munmap(at, 4 << 20);
	note_result("setrlimit", setrlimit(RLIMIT_DATA, &before));
}

WORK(changes_priority)
{
	cpu_set_t cpus;
	struct sched_param param = {0};
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	switch (s->a % 4) {
	case 0:
		note_result("setpriority", setpriority(PRIO_PROCESS, 0, 19));
		break;
	case 1:
		note_result("sched_setaffinity", sched_setaffinity(0, sizeof cpus, &cpus));
		break;
	case 2:
		note_result("sched_setscheduler", sched_setscheduler(0, SCHED_BATCH, &param));
		break;
	default:
		note_result("getpriority", getpriority(PRIO_PROCESS, 0));
	}
}

WORK(sets_attributes)
{
	static const struct {
		const char *name;
		int option;
		unsigned long value;
	} options[] = {
		{"PDEATHSIG", PR_SET_PDEATHSIG, SIGUSR1},
		{"DUMPABLE", PR_SET_DUMPABLE, 0},
		{"KEEPCAPS", PR_SET_KEEPCAPS, 1},
		{"SECUREBITS", PR_SET_SECUREBITS, 1},
		{"TIMERSLACK", PR_SET_TIMERSLACK, 1000},
		{"CHILD_SUBREAPER", PR_SET_CHILD_SUBREAPER, 1},
		{"CAPBSET_DROP", PR_CAPBSET_DROP, 5},
		{"THP_DISABLE", PR_SET_THP_DISABLE, 1},
		{"TSC", PR_SET_TSC, 1},
	};
	size_t i = s->a % (sizeof options / sizeof options[0]);
	note_result(options[i].name, prctl(options[i].option, options[i].value, 0, 0, 0));
}

/* As a program does before it gets a filter. Under the shim every fork is libc's from then on. */
WORK(locks_itself_in)
{
	note_result("NO_NEW_PRIVS", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

WORK(takes_a_name)
{
	char name[17] = "";
	note_result("PR_SET_NAME", prctl(PR_SET_NAME, s->a & 1 ? "a-fuzz-name" : "x"));
	note_result("PR_GET_NAME", prctl(PR_GET_NAME, name));
	note("%s", name);
}

WORK(changes_personality)
{
	note_result("personality", personality(s->a & 1 ? ADDR_NO_RANDOMIZE : PER_LINUX));
}

WORK(asks_the_kernel)
{
	struct rusage usage;
	struct sysinfo info;
	struct tms times_now;
	note_result("getrusage", getrusage(RUSAGE_SELF, &usage));
	note_result("sysinfo", sysinfo(&info));
	note("%d", times(&times_now) != (clock_t)-1);
	note_result("getgroups", getgroups(0, NULL));
}

WORK(changes_capabilities)
{
	struct {
		uint32_t version;
		int pid;
	} head = {0x20080522, 0};
	uint32_t data[6] = {0};
	note_result("capget", syscall(SYS_capget, &head, data));
	data[0] &= ~(1U << 21);
	note_result("capset", syscall(SYS_capset, &head, data));
	note("%x %x", data[0], data[1]);
}

WORK(looks_at_robust_list)
{
	void *head = NULL;
	size_t len = 0;
	note_result("get_robust_list", syscall(SYS_get_robust_list, 0, &head, &len));
	note("%d %zu", head != NULL, len);
}

/* Once it is an ordinary process it has the same mappings as a native one. What it has mapped itself may
 * have merged with one more of them. */
WORK(looks_at_its_mappings)
{
	usleep(1000);
	note_mappings(true);
}

const struct work work_on_identity[] = {
	{"says_who_it_is", says_who_it_is, 5, 0},
	{"changes_group", changes_group, 4, 0},
	{"makes_a_session", makes_a_session, 4, 0},
	{"changes_user", changes_user, 5, 0},
	{"sets_limit", sets_limit, 7, 0},
	{"limits_its_data", limits_its_data, 3, 0},
	{"changes_priority", changes_priority, 4, 0},
	{"sets_attributes", sets_attributes, 5, 0},
	{"locks_itself_in", locks_itself_in, 2, 0},
	{"takes_a_name", takes_a_name, 4, 0},
	{"changes_personality", changes_personality, 3, 0},
	{"asks_the_kernel", asks_the_kernel, 4, 0},
	{"changes_capabilities", changes_capabilities, 4, 0},
	{"looks_at_robust_list", looks_at_robust_list, 4, 0},
	{"looks_at_its_mappings", looks_at_its_mappings, 2, 0},
	{NULL, NULL, 0, WORK_LAST},
};

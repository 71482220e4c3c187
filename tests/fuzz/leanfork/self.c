/* SPDX-License-Identifier: MIT */
/* The parent's own state after a fork: memory, mappings, signals, limits. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "self.h"

static void note_memory(const struct program *p)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		unsigned faults = 0;
		uint64_t hash = look_at_slot(p, i, &faults);
		note("slot %zu %llx, %u faults", i, (unsigned long long)hash, faults);
	}
}

/* A mapping's flags without the one that says whether it was written to lately. */
static void note_flags(const char *where, char *flags)
{
	char *soft = strstr(flags, " sd");
	flags[strcspn(flags, "\n")] = '\0';
	if (soft)
		memmove(soft, soft + 3, strlen(soft + 3) + 1);
	note("%s %s", where, flags);
}

void note_mappings(void)
{
	static char text[1 << 19];
	char where[64] = "";
	size_t n = 0;
	ssize_t got;
	int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	while ((got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = '\0';
	for (char *line = text, *next; (next = strchr(line, '\n')); line = next + 1) {
		unsigned long start, end;
		char rights[5];
		if (strchr("0123456789abcdef", *line) &&
			sscanf(line, "%lx-%lx %4s", &start, &end, rights) == 3) {
			bool ours =
				start >= SLOTS_START && start < SLOTS_START + SLOTS_ALL * SLOT_SIZE;
			snprintf(where, sizeof where, "%lx+%lx %s",
				start - (unsigned long)SLOTS_START, end - start, rights);
			where[0] = ours ? where[0] : '\0';
		} else if (where[0] && !strncmp(line, "VmFlags:", 8)) {
			*next = '\0';
			note_flags(where, line + 8);
		}
	}
}

static void note_signals(void)
{
	sigset_t mask;
	stack_t stack = {0};
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigaltstack(NULL, &stack);
	note("alternate stack %x %zu", (unsigned)stack.ss_flags, stack.ss_size);
	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction action;
		if (sigismember(&mask, sig) == 1)
			note("signal %d blocked", sig);
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			note("signal %d %d %x", sig, action.sa_handler == SIG_IGN,
				(unsigned)action.sa_flags);
	}
}

static void note_limits(void)
{
	for (int i = 0; i < RLIMIT_NLIMITS; i++) {
		struct rlimit limit;
		getrlimit((__rlimit_resource_t)i, &limit);
		note("limit %d %llx %llx", i, (unsigned long long)limit.rlim_cur,
			(unsigned long long)limit.rlim_max);
	}
}

/* Which mappings are accounted depends on it. */
static void note_overcommit(void)
{
	char mode = '?';
	int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
	if (read(fd, &mode, 1) == 1)
		note("overcommit_memory %c", mode);
	close(fd);
}

static void note_rest(void)
{
	char *where = getcwd(NULL, 0), *last = where ? strrchr(where, '/') : NULL;
	mode_t mask = umask(0);
	umask(mask);
	note("in %s, umask %o, uid %d, session %d", last && settings.dir ? "place" : "", mask,
		getuid(), getsid(0) == getpid());
	free(where);
}

void self_note(const struct program *p)
{
	note_memory(p);
	note_mappings();
	note_signals();
	note_limits();
	note_rest();
	note_overcommit();
}

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

struct mapping {
	unsigned long start, end;
	char text[96];
};

/* A mapping's flags without the one that says whether it was written to lately. */
static void take_flags(struct mapping *mapping, char *flags)
{
	char *soft = strstr(flags, " sd");
	if (soft)
		memmove(soft, soft + 3, strlen(soft + 3) + 1);
	strncat(mapping->text, flags, sizeof mapping->text - strlen(mapping->text) - 1);
}

static void note_mapping(const struct mapping *mapping)
{
	if (mapping->end)
		note("%lx+%lx %s", mapping->start - (unsigned long)SLOTS_START,
			mapping->end - mapping->start, mapping->text);
}

static bool is_ours(unsigned long start)
{
	return start >= SLOTS_START && start < SLOTS_START + SLOTS_ALL * SLOT_SIZE;
}

static void read_all(const char *path, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while ((got = read(fd, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = '\0';
}

/* The next mapping of the slots. False at the end. */
static bool next_mapping(char **at, struct mapping *mapping)
{
	char *line = *at, *end, rights[5];
	bool ours = false;
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (strchr("0123456789abcdef", *line) &&
			sscanf(line, "%lx-%lx %4s", &mapping->start, &mapping->end, rights) == 3) {
			ours = is_ours(mapping->start);
			snprintf(mapping->text, sizeof mapping->text, "%s", rights);
		} else if (ours && !strncmp(line, "VmFlags:", 8)) {
			take_flags(mapping, line + 8);
			*at = end + 1;
			return true;
		}
	}
	return false;
}

void note_mappings(bool joined)
{
	static char text[1 << 19];
	struct mapping last = {0}, next;
	char *at = text;
	read_all("/proc/self/smaps", text, sizeof text);
	while (next_mapping(&at, &next)) {
		if (joined && last.end == next.start && !strcmp(last.text, next.text)) {
			last.end = next.end;
			continue;
		}
		note_mapping(&last);
		last = next;
	}
	note_mapping(&last);
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
void note_overcommit(void)
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
	note_mappings(false);
	note_signals();
	note_limits();
	note_rest();
	note_overcommit();
}

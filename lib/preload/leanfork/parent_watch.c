/* SPDX-License-Identifier: MIT */
/* Limits the time that a lean child takes. */
#include "preload/leanfork/parent_watch.h"

#include <sys/syscall.h>

#include "preload/leanfork/proc.h"

#define EAGER_LIMIT_MS 250
#define RESCUE_LIMIT_MS 1000
#define PATIENCE_MS 1000
#define NAPS(ms) ((int)((ms) / MAILBOX_NAP_MS) + 1)

#define HURRY 4 /* patience and limits shrink so much if a signal handler waits */
#define STOPPED_NAPS NAPS(300)
#define WAITED_NAPS NAPS(4000)         /* of a child that waits again and again */
#define EXEC_NAPS NAPS(10000)          /* in execve */
#define ANSWER_NAPS NAPS(3000)         /* idle, after a call back */
#define ANSWER_NS UINT64_C(5000000000) /* busy without progress, after a call back */
#define MOST_AT_A_TIME_NS (4 * MAILBOX_NAP_MS * UINT64_C(1000000))
#define FRUITLESS 8 /* refusals without progress between them */
#define MOST_REFUSALS 12

/* A process's CPU clock, as clock_getcpuclockid makes it. */
static bool read_clock(int pid, uint64_t *ns)
{
	struct timespec time;
	long clock = (long)(int)(~(unsigned)pid << 3 | 2);
	if (gate2(SYS_clock_gettime, clock, &time) < 0)
		return false;
	*ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
	return true;
}

/* Whether /proc has our process IDs. */
static bool is_our_proc(struct watch *w, const struct lean *l)
{
	char link[16] = "";
	if (w->proc == HERE_UNKNOWN) {
		proc_readlink("/proc/self", link, sizeof link - 1);
		w->proc = proc_number(link) == (uint64_t)l->parent ? HERE : ELSEWHERE;
	}
	return w->proc == HERE;
}

/* /proc/PID/stat */
static void stat_path(char *path, int pid)
{
	static const char start[] = "/proc/", end[] = "/stat";
	int unit = 1;
	while (pid / unit >= 10)
		unit *= 10;
	copy_bytes(path, start, sizeof start);
	path += sizeof start - 1;
	for (; unit; unit /= 10)
		*path++ = (char)('0' + pid / unit % 10);
	copy_bytes(path, end, sizeof end);
}

#define STATE 1 /* fields after the name, which may contain anything */
#define MAJOR_FAULTS 10

static const char *field(const char *text, int which)
{
	const char *at = text;
	for (; *text; text++)
		if (*text == ')')
			at = text;
	for (; which > 0 && *at; at++)
		which -= *at == ' ';
	return at;
}

struct glance {
	char state; /* as in /proc; 0: unknown */
	uint64_t faults;
};

static struct glance look(struct watch *w, const struct lean *l)
{
	char path[32], text[512];
	stat_path(path, l->child);
	if (!is_our_proc(w, l) || !proc_read(path, text, sizeof text))
		return (struct glance){0};
	return (struct glance){
		.state = *field(text, STATE),
		.faults = proc_number(field(text, MAJOR_FAULTS)),
	};
}

static void count_time(struct watch *w, uint64_t clock_ns)
{
	uint64_t got = clock_ns - w->clock_ns;
	w->cpu_ns += got < MOST_AT_A_TIME_NS ? got : MOST_AT_A_TIME_NS;
	w->clock_ns = clock_ns;
}

static void update(struct watch *w, struct lean *l)
{
	struct glance now = look(w, l);
	uint64_t progress =
		now.faults + atomic_load(&l->mail->brought) + atomic_load(&l->mail->calls);
	uint64_t clock_ns = w->clock_ns;
	bool runnable = now.state == 'R';
	if (!read_clock(l->child, &clock_ns) && runnable)
		clock_ns += MAILBOX_NAP_MS * UINT64_C(1000000);
	bool active = runnable || clock_ns != w->clock_ns || progress != w->progress;
	bool stopped = now.state == 'T' || now.state == 't';
	w->stopped = stopped ? w->stopped + 1 : 0;
	w->idle = active || stopped ? 0 : w->idle + 1;
	w->waited += !runnable && !stopped;
	count_time(w, clock_ns);
	if (progress != w->progress)
		w->called_ns = w->cpu_ns;
	w->progress = progress;
}

static uint64_t limit_ns(const struct lean *l)
{
	uint64_t ms = l->options.limit_ms              ? l->options.limit_ms
		      : l->options.kind == LEAN_RESCUE ? RESCUE_LIMIT_MS
						       : EAGER_LIMIT_MS;
	return ms * 1000000 / (l->in_a_hurry ? HURRY : 1);
}

static int patience(const struct lean *l)
{
	uint32_t ms = l->options.patience_ms ? l->options.patience_ms : PATIENCE_MS;
	return NAPS(ms / (l->in_a_hurry ? HURRY : 1));
}

static bool is_over(const struct watch *w, const struct lean *l)
{
	return w->cpu_ns - w->last.cpu_ns >= limit_ns(l) || w->idle >= patience(l) ||
	       w->waited - w->last.waited >= WAITED_NAPS;
}

static bool is_silent(const struct watch *w)
{
	return w->idle >= ANSWER_NAPS || w->cpu_ns - w->called_ns >= ANSWER_NS;
}

/* A child cannot answer before it runs. Without a native fork to fall back on it gets more time. */
static bool is_late(const struct watch *w, const struct lean *l)
{
	return l->options.kind == LEAN_RESCUE ? is_silent(w) : is_over(w, l);
}

enum urge watch_child(struct watch *w, struct lean *l)
{
	enum stage stage = atomic_load(&l->mail->stage);
	update(w, l);
	if (w->stopped >= STOPPED_NAPS)
		return URGE_GO_ON;
	switch (stage) {
	case STAGE_BEFORE:
		return is_late(w, l) ? URGE_KILL : URGE_NONE;
	case STAGE_RUNNING:
		if (!is_over(w, l))
			return URGE_NONE;
		w->called_ns = w->cpu_ns;
		w->idle = 0;
		return URGE_CALL_BACK;
	case STAGE_CALLED_BACK:
		return is_silent(w) ? URGE_KILL : URGE_CALL_BACK;
	case STAGE_EXEC:
		return w->idle >= EXEC_NAPS ? URGE_KILL : URGE_NONE;
	default:
		return URGE_NONE;
	}
}

enum urge watch_refused(struct watch *w)
{
	w->last.times++;
	w->last.fruitless = w->progress == w->last.progress ? w->last.fruitless + 1 : 0;
	w->last.progress = w->progress;
	w->last.cpu_ns = w->cpu_ns;
	w->last.waited = w->waited;
	w->idle = 0;
	return w->last.fruitless >= FRUITLESS || w->last.times >= MOST_REFUSALS ? URGE_KILL
										: URGE_NONE;
}

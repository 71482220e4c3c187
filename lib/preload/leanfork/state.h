/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_STATE_H
#define LEANFORK_STATE_H

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "preload/leanfork/gate.h"
#include "preload/leanfork/kernel_signals.h"
#include "preload/leanfork/prefetch.h"
#include "preload/leanfork/leanfork.h"
#include "preload/leanfork/mailbox.h"
#include "preload/leanfork/ranges.h"

#define SHARED_MAX 256
#define READONLY_MAX 64
#define TOUCHED_MAX 32
#define OWN_FDS 1024
#define OWN_TIMERS 8
#define DEFERRED_MAX 4
#define DEFERRED_PATH 1024
#define ALT_SIZE 65536
#define TEXT_SIZE 4096 /* the kernel writes no more of a /proc file at a time */
#define MOST_TRIES 5   /* of a rescue that ends in libc's half of fork */

#define HANDLED_SIGNALS                                                                            \
	(SIG_BIT(SIGSEGV) | SIG_BIT(SIGSYS) | SIG_BIT(SIGFPE) | SIG_BIT(SIGILL) |                  \
		SIG_BIT(SIGBUS) | SIG_BIT(SIGTRAP))

struct own_timer {
	int id, sig; /* sig 0: none */
	struct itimerspec left;
};

/* What a descriptor leads to, if the child itself made it. From OWN_DEFERRED on the values number
 * deferred opens. */
enum own { OWN_NOT, OWN_FILE, OWN_PIPE, OWN_DEFERRED };

/* An open that is made just before exec (call_deferred.c). */
struct deferred_open {
	long flags, mode;
	char path[DEFERRED_PATH];
};

/* How far a fork has come. */
enum phase {
	PHASE_BEFORE,    /* of libc's clone: the thread's calls are dispatched */
	PHASE_CANCELLED, /* libc goes on natively */
	PHASE_DONE
};

/* An array that begins in struct lean. Behind the struct there are addresses for all of it, and
 * memory once it does not fit any more. */
struct tail {
	uintptr_t at;
	size_t size; /* bytes */
	uintptr_t behind;
	size_t most;
};

/*
 * All about one lean fork, in a private mapping of its own that is never left out, so that the
 * child's copy is complete from its first instruction on. The order matters: each page that is
 * written to costs parent and child a fault. First comes what most forks need.
 */
struct lean {
	struct lean_options options;
	struct lean_result result;
	struct mailbox *mail;
	enum phase phase;
	uint64_t mask;      /* the signal mask as the program sees it */
	int parent, thread; /* of the process and thread that fork */
	int tries;
	bool overdue;     /* the child was killed for that */
	bool dispatched;  /* the thread's calls are dispatched */
	bool in_a_hurry;  /* a signal handler of the program's waits for fork to return */
	bool heedless;    /* too many signals have come before the clone */
	bool interrupted; /* a signal has come */
	bool alone;       /* the process has one thread, so nothing changes meanwhile */
	uint64_t stopped; /* signals that stopped the process meanwhile */
	bool holds;       /* a blocked SIGSYS of the program's: */
	siginfo_t held;
	uint64_t passed_on; /* signals that the lean child got from others, for the native child */
	int deadly;         /* the signal that ended it at exec; it ends the native child, too */
	int child;
	struct choice choice;
	struct tail ranges_tail, keep_tail;
	struct range *ranges;
	struct span *keep;
	uint64_t token;    /* tells this process's memory from any other's */
	uint64_t *settled; /* a bit for each chunk that is not to be brought in any more */
	size_t settled_size;
	struct span touched[TOUCHED_MAX]; /* mappings that the child has changed itself */
	size_t n_touched;

	/* the child's */
	bool in_call;               /* its handler for system calls is running */
	uint64_t calls;             /* dispatched so far */
	stack_t alt_stack;          /* the program's */
	struct robust_head *robust; /* the program's */
	int death_signal;           /* the program's PR_SET_PDEATHSIG */
	struct rlimit limits[2];    /* RLIMIT_DATA and RLIMIT_AS from exec on */
	struct rlimit relaxed[2];
	bool limited[2];
	size_t n_deferred, n_timers;
	uint64_t handled; /* signals in `handlers` */

	struct range first_ranges[16];
	struct span first_keep[32];
	struct span shared[SHARED_MAX];
	struct span readonly[READONLY_MAX];

	/* the child's */
	_Alignas(4096) struct kernel_action actions[32]; /* the program's, for HANDLED_SIGNALS */
	struct kernel_action handlers[65];   /* the program's, while it is inside execve */
	struct own_timer timers[OWN_TIMERS]; /* the program's */
	uint8_t own_fds[OWN_FDS];            /* enum own */
	struct deferred_open deferred[DEFERRED_MAX];

	_Alignas(4096) unsigned char alt[ALT_SIZE];
	char text[TEXT_SIZE];
};

/* The first makes one, all zero but for its tails; NULL: no memory. */
struct lean *state_create(void);
void state_destroy(struct lean *l);

/* Maps `size` bytes, of which the first `used` have memory. 0: no memory. */
uintptr_t state_map(size_t size, size_t used);

/* Gets more memory for a tail. False: there is none. */
bool state_grow(struct tail *tail);

/* All addresses of the struct and its tails. */
struct span state_span(const struct lean *l);

/* The lean fork in progress; in a lean child its own. NULL: none. */
extern struct lean *lean_active;

/* The kernel's mask is shorter than libc's. */
static inline void set_context_mask(ucontext_t *uc, uint64_t mask)
{
	copy_bytes(&uc->uc_sigmask, &mask, sizeof mask);
}

#endif

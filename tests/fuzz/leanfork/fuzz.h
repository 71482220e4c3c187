/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/types.h>

/* Headers of glibc 2.31 and of Linux 5.10 lack these. */
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

/*
 * The differential fuzzer of lean fork: main.c says how it works and what it leaves out.
 */

enum mode {
	MODE_NATIVE,
	MODE_LEAN,   /* each fork an eager one */
	MODE_RESCUE, /* each fork a rescue */
	MODE_ENOMEM, /* a mapping larger than memory: libc's fork fails, then a rescue */
	MODE_SHIM,   /* the program's fork(), which a preloaded shim has interposed */
	MODE_SHIM_ENOMEM,
	MODES
};
extern const char *const mode_names[MODES];

/* A piece of memory, a piece of work or an ending, with three numbers to do with as it likes. */
struct step {
	uint16_t kind;
	bool dropped;
	uint32_t a, b, c;
};

enum { MAX_SLOTS = 10, MAX_STEPS = 24, SLOT_SIZES = 97 };

/* Where in the parent fork is called. */
enum place { PLACE_PLAIN, PLACE_THREAD, PLACE_HANDLER, PLACE_OTHER_STACK, PLACE_DEEP, PLACES };
extern const char *const place_names[PLACES];

struct program {
	uint64_t seed;
	enum place place;
	size_t n_slots, n_steps;
	struct step slots[MAX_SLOTS], steps[MAX_STEPS], ending;
	unsigned disturbers; /* a bit for each kind of thread */
	bool direct;         /* the child's log is in shared memory, not carried to its end */
	bool looks;          /* at all memory, just before its end */
};

/* Pure: the program that the seed stands for. */
void program_make(struct program *p, uint64_t seed);

/* In words, and back. Programs are separated by an empty line or a comment. 1, 0 at the end, -1 for
 * nonsense. */
void program_print(const struct program *p, FILE *out);
int program_read(struct program *p, FILE *in);
uint64_t scramble(uint64_t x);

/* Memory: each slot has a region of addresses of its own, the same in each run. */
#define SLOTS_START UINT64_C(0x200000000000)
#define SLOT_SIZE ((size_t)16 << 20)
#define PAGE_SIZE ((size_t)4096)
enum { SPARE_SLOTS = 4, SLOTS_ALL = MAX_SLOTS + SPARE_SLOTS };

struct kind {
	const char *name;
	bool (*make)(char *at, size_t len, const struct step *step);
	unsigned weight;
};
extern const struct kind slot_kinds[];
extern const size_t n_slot_kinds;

static inline char *slot_start(size_t i)
{
	return (char *)(uintptr_t)(SLOTS_START + i * SLOT_SIZE); /* NOLINT */
}
size_t slot_size(const struct step *step);
void slots_make(const struct program *p);

/* A page that is mapped in every run, or is not in any: what ops go for. */
char *some_page(const struct program *p, uint32_t slot, uint32_t page);
size_t some_size(uint32_t n);

/* Memory as it can be seen: faults are caught. */
void faults_catch(void);
bool peek(const char *at, uint64_t *out);
bool poke(char *at, uint64_t value);
uint64_t look(const char *at, size_t len, unsigned *faults);
uint64_t look_at_slot(const struct program *p, size_t i, unsigned *faults);
uint64_t hash_bytes(const void *at, size_t len, uint64_t hash);

/* The log. Each process writes lines of text; which of them is current is who. */
enum { LOG_SIZE = 60000 };
struct log {
	uint32_t len;
	char text[LOG_SIZE];
};
extern struct log *log_now;
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note_at(const char *who, unsigned number);
/* For a call's result and errno. */
void note_result(const char *what, long result);
/* Appends the log to the results, and empties it. */
void log_pass_on(void);
void log_empty(void);

/* The world: descriptors of the same numbers in each run. */
enum {
	FD_DATA = 3,
	FD_PIPE_IN,
	FD_PIPE_OUT,
	FD_PAIR,
	FD_PAIR_OTHER,
	FD_SHARED,
	FD_APPEND,
	FD_ASK_IN, /* the parent reads what the child asks for */
	FD_ASK_OUT,
	FD_REPLY_IN,
	FD_REPLY_OUT,
	FD_NULL,
	FD_DIR,
	FD_SLAVE,
	FD_MASTER,
	FD_NONBLOCK,
	FD_FIRST_FREE,
	FD_RESULTS = 40
};
enum { DATA_SIZE = 65536 };

/* Memory that the whole family shares. */
struct common {
	struct log log;
	volatile uint32_t counter;
	volatile uint32_t words[1024];
	_Alignas(64) char robust[64];
	volatile int futex;
};
extern struct common *common;

struct settings {
	const char *dir;     /* in which a run works; removed after it */
	const char *results; /* a file */
	const char *victim;
	unsigned limit_ms; /* processor time of a lean child */
	bool verbose;
	bool no_disturbers;
};
extern struct settings settings;

void world_prepare(void);
void world_make(const struct program *p);
void world_note(void);

/* The child's half. */
struct work {
	const char *name;
	void (*body)(const struct program *p, const struct step *s);
	unsigned weight;
	unsigned flags;
};
enum { WORK_MALLOCS = 1, WORK_TERMINAL = 2, WORK_LAST = 4 };

extern const struct work work_on_memory[], work_on_mappings[], work_on_buffers[], work_on_files[],
	work_on_descriptors[], work_on_signals[], work_on_processes[], work_on_identity[],
	endings[];
size_t work_count(void);
const struct work *work_of(size_t kind);
size_t endings_count(void);
_Noreturn void child_main(const struct program *p);
_Noreturn void exec_victim(const char *name);
void victim_argv(char *argv[4], char *env[4], const char *name);

/* Forks as the mode has it, in the program as well as in what it makes. */
pid_t fork_again(void);
bool is_refused(void); /* by the kernel, whoever asks */
pid_t fork_by(enum mode mode);
void forks_prepare(enum mode mode);
pid_t parent_pid(void);

void disturbers_start(unsigned which);
void disturbers_stop(void);
enum { DISTURBERS = 5 };

/* Signals that were handled, by number. */
extern volatile int handled[65];
void count_signal(int sig);
void spin_us(long us);
void spin_until(const volatile int *flag, long longest_us);

#endif

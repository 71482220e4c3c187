/* SPDX-License-Identifier: MIT */
#ifndef API_CHILD_H
#define API_CHILD_H

#include <stdbool.h>

#include <safespawn.h>

/* The text that the program `state` prints when it is spawned with the options. */
struct state {
	char text[65536];
};

/* Victims by the name they have in tests/victims. */
char *victim(const char *name);

/* A copy, until the test ends, if the tree lies where other users may not go. It must stand alone. */
char *victim_for_all(const char *name);

/* Spawns what can't fail to start. */
void start(struct ss_child *child, char *const argv[], struct ss_options options);

/* Whether signals to a group by pidfd are there, Linux 6.9. */
bool kernel_knows_groups(const struct ss_child *child);

/* Whether a pidfd knows the status of a child that somebody has reaped, Linux 6.15. */
bool kernel_keeps_statuses(void);

/* Until the child's output has had a line: the program is ready for what comes. */
void await_ready(struct ss_child *child);

/*
 * Spawns `state`, which must succeed, and reads what it prints from options->out, which is made
 * SS_PIPE unless the options say something else; then it is read from `from`.
 */
void state_of(struct state *state, struct ss_options options);
void state_read(struct state *state, struct ss_child *child, int from);

/* The value of a key, or NULL where there is no such line. Overwritten by the fifth call from now. */
const char *state_get(const struct state *state, const char *key);

void assert_state(const struct state *state, const char *key, const char *value);
void assert_state_int(const struct state *state, const char *key, long value);

/* The numbers of the open descriptors: "0 1 2". */
const char *state_fds(const struct state *state);

/* Spawning fails, with this stage and errno, and leaves *child as it was. */
void assert_fails(char *const argv[], struct ss_options options, enum ss_stage stage, int error);

/* Skips the test where the library spawns by posix_spawn, which has no more than that. */
void needs_clone(void);

/* Skips it in emulators that give the child a copy of its parent's memory. */
void needs_shared_memory(void);

/* What fd gives until end of file, NUL-terminated. */
void read_all(int fd, char *text, size_t size);

/* Runs the program to its end; its wait status. */
int run_to_end(char *const argv[], struct ss_options options);

/* Cancels a thread that runs the function, time and again: each time so much later, up to 20 ms. */
void cancel_at_many_moments(void *(*run)(void *), unsigned step_us);

#define OPTIONS(...) (*SS_OPTIONS(__VA_ARGS__))
/* Literals stay const, as -Wwrite-strings has them; no program started gets to write to them. */
#define ARGV(...) ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

#endif

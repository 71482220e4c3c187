/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_JUDGES_H
#define LEANFORK_JUDGES_H

#include "preload/leanfork/calls.h"

/* Verdicts that depend on the arguments. Each may do its call itself. */

/* Marks a descriptor as the child's own (files.c). */
void own_set(struct lean *l, long fd, enum own own);

/* opens.c */

/* The name of what is open in a descriptor, as /proc has it. Returns its length, or -errno. */
long opens_name(long fd, char *name, size_t size);

enum verdict judge_open(struct lean *l, struct call *call);
enum verdict judge_openat(struct lean *l, struct call *call);
enum verdict judge_creat(struct lean *l, struct call *call);

/* files.c */
enum verdict judge_close(struct lean *l, struct call *call);
enum verdict judge_close_range(struct lean *l, struct call *call);
enum verdict judge_dup(struct lean *l, struct call *call);
enum verdict judge_fcntl(struct lean *l, struct call *call);
enum verdict judge_ioctl(struct lean *l, struct call *call);
enum verdict judge_fstat(struct lean *l, struct call *call);
enum verdict judge_fstatat(struct lean *l, struct call *call);
enum verdict judge_pipe(struct lean *l, struct call *call);
enum verdict judge_read(struct lean *l, struct call *call);
enum verdict judge_receive(struct lean *l, struct call *call);
enum verdict judge_write(struct lean *l, struct call *call);
enum verdict judge_seek(struct lean *l, struct call *call);

/* process.c */
enum verdict judge_exit(struct lean *l, struct call *call);
enum verdict judge_self(struct lean *l, struct call *call); /* the first argument is a pid */
enum verdict judge_priority(struct lean *l, struct call *call);
enum verdict judge_prctl(struct lean *l, struct call *call);
enum verdict judge_futex(struct lean *l, struct call *call);
enum verdict judge_robust_list(struct lean *l, struct call *call);

/* mappings.c */
enum verdict judge_brk(struct lean *l, struct call *call);
enum verdict judge_mmap(struct lean *l, struct call *call);
enum verdict judge_munmap(struct lean *l, struct call *call);
enum verdict judge_madvise(struct lean *l, struct call *call);
enum verdict judge_mprotect(struct lean *l, struct call *call);
enum verdict judge_mremap(struct lean *l, struct call *call);

#endif

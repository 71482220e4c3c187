/* SPDX-License-Identifier: MIT */
#ifndef CLI_PREFLIGHT_LIST_H
#define CLI_PREFLIGHT_LIST_H

#include <stdio.h>

#include "preflight/parse.h"
#include "preflight/read.h"
#include "preflight/text.h"

/* One process: its report, or the error of reading it. */
struct preflight_entry {
	pid_t pid;
	char name[64];
	int error;    /* 0, or -errno */
	bool inexact; /* although smaps was asked for */
	struct ss_preflight report;
	struct top_mappings top;
	char pids_cgroup[CGROUP_NAME];
};

struct preflight_list {
	struct system_facts system;
	struct census census; /* for the source */
	struct preflight_entry *entries;
	size_t n, room;
};

/* Looks at one process and adds it to the list. 0, or -ENOMEM. */
int preflight_list_add(
	struct preflight_list *list, const struct source *source, pid_t pid, enum look least);
/* Adds all processes except kernel threads and the caller. 0, or -errno. */
int preflight_list_all(struct preflight_list *list, const struct source *source, enum look least);
/* The most urgent first, unreadable ones last. */
void preflight_list_sort(struct preflight_list *list);
void preflight_list_free(struct preflight_list *list);

struct preflight_counts {
	size_t read, refused, unsure; /* of the list's processes */
	size_t ended, unreadable, inexact;
};
struct preflight_counts preflight_count(const struct preflight_list *list);

/* Both take -errno: its name, such as "EACCES", and its meaning here. */
const char *preflight_error_name(int error);
const char *preflight_error_text(int error);

void preflight_write_json(const struct preflight_list *list, FILE *to);
void preflight_write_metrics(const struct preflight_list *list, FILE *to);
void preflight_write_table(const struct preflight_list *list, FILE *to);
void preflight_write_entry(const struct preflight_entry *entry, FILE *to);

#endif

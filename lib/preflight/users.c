/* SPDX-License-Identifier: MIT */
/* Bounds for the number of tasks that count for a user. */
#include "preflight/users.h"

#include "preflight/parse.h"

void ss__user_tally_add(void *to, const struct some_tasks *some)
{
	struct user_tally *t = to;
	bool same_user = some->uid == t->uid;
	bool same_namespace = some->user_ns == t->user_ns && some->user_ns != 0;
	t->all = ss__add_clamped(t->all, some->tasks);
	if (!same_namespace)
		t->elsewhere = ss__add_clamped(t->elsewhere, some->tasks);
	if (same_user && same_namespace)
		t->own = ss__add_clamped(t->own, some->tasks);
	else if (same_user)
		t->namesakes = ss__add_clamped(t->namesakes, some->tasks);
}

void ss__user_bounds(
	const struct user_tally *t, const struct system_facts *sys, uint64_t *low, uint64_t *high)
{
	/* A task that ended during the count was not an unseen one. */
	bool fewer = t->there > 0 && t->there < sys->tasks;
	uint64_t unseen = ss__sub_clamped(fewer ? t->there : sys->tasks, t->all);
	if (sys->version < VERSION(5, 14)) {
		*low = ss__add_clamped(t->own, t->namesakes);
		*high = ss__add_clamped(*low, unseen);
		return;
	}
	*low = t->own;
	*high = ss__add_clamped(ss__add_clamped(t->own, t->elsewhere), unseen);
	/* The namespace's creator has other tasks one namespace up, which count, too. */
	if (t->user_ns != FIRST_USER_NAMESPACE && *high < sys->tasks)
		*high = sys->tasks;
}

void ss__census_add(void *to, const struct some_tasks *some)
{
	struct census *c = to;
	size_t i = 0;
	while (i < c->n && (c->users[i].uid != some->uid || c->users[i].user_ns != some->user_ns))
		i++;
	if (i == sizeof c->users / sizeof c->users[0])
		return;
	if (i == c->n)
		c->users[c->n++] = (struct some_tasks){some->uid, some->user_ns, 0};
	c->users[i].tasks = ss__add_clamped(c->users[i].tasks, some->tasks);
}

void ss__census_tally(const struct census *c, struct user_tally *t)
{
	for (size_t i = 0; i < c->n; i++)
		ss__user_tally_add(t, &c->users[i]);
	t->there = c->there;
}

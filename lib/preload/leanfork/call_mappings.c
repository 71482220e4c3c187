/* SPDX-License-Identifier: MIT */
/* Calls that change mappings. What they touch of the memory left out is settled first. While there
 * is a native fork to fall back on, no call may make shared memory writable (child.c, hazard 6). */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/call.h"
#include "preload/leanfork/call_limits.h"
#include "preload/leanfork/child_memory.h"
#include "preload/leanfork/trigger.h"

/* The most that is worth bringing in for a change of protection. */
#define BRING_MAX ((size_t)16 << 20)

/* Newer than some headers. */
#define SOFT_OFFLINE 101
#define ADVICE_COLD 20
#define ADVICE_PAGEOUT 21
#define POPULATE_READ 22
#define POPULATE_WRITE 23

static size_t whole_pages(size_t len)
{
	return (len + PAGE - 1) & ~(PAGE - 1);
}

/* The shim's own memory may be the reason of a refusal, or a mapping that is several in a lean
 * child. */
static enum verdict do_it(struct call *call)
{
	call->result = call_do(call);
	return call->result == -ENOMEM || call->result == -EFAULT ? NEEDS_FULL_CHILD : DONE;
}

/* Whether the mapping itself changes, not only which pages it has. */
static bool changes_mapping(const struct call *call)
{
	if (call->nr == SYS_mprotect)
		return call->args[2] != (PROT_READ | PROT_WRITE);
	if (call->nr != SYS_madvise)
		return true;
	switch (call->args[2]) {
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_WILLNEED:
	case ADVICE_COLD:
	case ADVICE_PAGEOUT:
	case POPULATE_READ:
	case POPULATE_WRITE:
		return false;
	default:
		return true;
	}
}

/* The list of mappings tells of other protections. */
static bool leaves_no_trace(const struct call *call)
{
	return call->nr != SYS_mprotect || call->args[2] == PROT_NONE;
}

static enum verdict bring_for_change(struct lean *l, struct call *call)
{
	uintptr_t at = (uintptr_t)call->args[0];
	size_t len = (size_t)call->args[1];
	bool changes = changes_mapping(call);
	if (len > BRING_MAX)
		return NEEDS_FULL_CHILD;
	if (changes)
		memory_complete(l, at, whole_pages(len), false);
	memory_bring(l, at, whole_pages(len));
	enum verdict verdict = do_it(call);
	if (verdict == DONE && changes && leaves_no_trace(call))
		memory_touch(l, at, whole_pages(len));
	return verdict;
}

/* Makes a call that replaces the bytes. */
static enum verdict replace(struct lean *l, struct call *call, uintptr_t at, size_t len)
{
	memory_complete(l, at, whole_pages(len), true);
	memory_bring_edges(l, at, whole_pages(len));
	call->result = call_do(call);
	if (call->result >= 0 || call->result < -4095) {
		memory_settle(l, at, whole_pages(len));
		memory_touch(l, at, whole_pages(len));
	}
	return DONE;
}

enum verdict judge_brk(struct lean *l, struct call *call)
{
	uintptr_t now = (uintptr_t)gate1(SYS_brk, 0), wanted = (uintptr_t)call->args[0];
	uintptr_t from = (wanted + PAGE - 1) & ~(PAGE - 1);
	if (!wanted)
		return INVISIBLE;
	if (from >= now) {
		call->result = limits_allow(l, from - now, true) ? call_do(call) : 0;
		return (uintptr_t)call->result == wanted ? DONE : NEEDS_FULL_CHILD;
	}
	memory_bring_edges(l, from, now - from);
	call->result = call_do(call);
	if ((uintptr_t)call->result == wanted) {
		memory_settle(l, from, now - from);
		memory_touch(l, from, now - from);
	}
	return DONE;
}

static bool overlap(const struct span *spans, size_t n, struct span at)
{
	for (size_t i = 0; i < n; i++)
		if (spans[i].start < at.end && at.start < spans[i].end)
			return true;
	return false;
}

/* Whether a lean child must not have this memory writable, or moved. */
static bool is_guarded(const struct lean *l, uintptr_t at, size_t len)
{
	struct span span = {at, at + whole_pages(len)};
	return l->options.kind == LEAN_EAGER &&
	       (overlap(l->shared, l->choice.n_shared, span) ||
		       overlap(l->readonly, l->choice.n_readonly, span));
}

/* Whether others see what is written there, now or once it is made writable. */
static bool maps_for_others(const struct call *call)
{
	long type = call->args[3] & MAP_TYPE;
	if ((type != MAP_SHARED && type != MAP_SHARED_VALIDATE) || call->args[3] & MAP_ANONYMOUS)
		return false;
	long flags = gate2(SYS_fcntl, call->args[4], F_GETFL);
	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

enum verdict judge_mmap(struct lean *l, struct call *call)
{
	if (!(call->args[3] & MAP_ANONYMOUS) && l->n_deferred)
		return NEEDS_FULL_CHILD;
	if (maps_for_others(call)) {
		if (l->options.kind == LEAN_EAGER)
			return NEEDS_FULL_CHILD;
		mailbox_progress(l->mail, PROGRESS_NOTICED);
	}
	if (call->args[2] & PROT_EXEC && trigger_misses_new_code())
		return NEEDS_FULL_CHILD;
	bool data = call->args[2] & PROT_WRITE && (call->args[3] & MAP_TYPE) == MAP_PRIVATE;
	if (!limits_allow(l, whole_pages((size_t)call->args[1]), data))
		return NEEDS_FULL_CHILD;
	bool fixed = call->args[3] & MAP_FIXED;
	if (!fixed || call->args[3] & MAP_FIXED_NOREPLACE)
		return do_it(call);
	return replace(l, call, (uintptr_t)call->args[0], (size_t)call->args[1]);
}

enum verdict judge_munmap(struct lean *l, struct call *call)
{
	return replace(l, call, (uintptr_t)call->args[0], (size_t)call->args[1]);
}

enum verdict judge_mprotect(struct lean *l, struct call *call)
{
	uintptr_t at = (uintptr_t)call->args[0];
	size_t len = (size_t)call->args[1];
	if (call->args[2] & PROT_EXEC && trigger_misses_new_code())
		return NEEDS_FULL_CHILD;
	if (call->args[2] & PROT_WRITE &&
		(is_guarded(l, at, len) || !limits_allow(l, whole_pages(len), true)))
		return NEEDS_FULL_CHILD;
	return bring_for_change(l, call);
}

/* Others see a hole in a file, and memory that is declared broken. */
enum verdict judge_madvise(struct lean *l, struct call *call)
{
	uintptr_t at = (uintptr_t)call->args[0];
	switch (call->args[2]) {
	case MADV_REMOVE:
	case MADV_HWPOISON:
	case SOFT_OFFLINE:
		if (l->options.kind == LEAN_EAGER)
			return NEEDS_FULL_CHILD;
		break;
	case POPULATE_WRITE:
		if (is_guarded(l, at, (size_t)call->args[1]))
			return NEEDS_FULL_CHILD;
		break;
	}
	return bring_for_change(l, call);
}

enum verdict judge_mremap(struct lean *l, struct call *call)
{
	uintptr_t at = (uintptr_t)call->args[0];
	size_t len = (size_t)call->args[1], wanted = (size_t)call->args[2];
	if (call->args[3] & ~(long)MREMAP_MAYMOVE || len == 0 || is_guarded(l, at, len) ||
		(wanted > len && !limits_allow(l, whole_pages(wanted - len), true)))
		return NEEDS_FULL_CHILD;
	return bring_for_change(l, call);
}

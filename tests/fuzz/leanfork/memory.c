/* SPDX-License-Identifier: MIT */
/* Memory as a program sees it: contents and faults. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "fuzz.h"

static sigjmp_buf after_fault;
static volatile bool armed;

static void on_fault(int sig)
{
	static const struct sigaction plain = {.sa_handler = SIG_DFL};
	if (armed)
		siglongjmp(after_fault, sig);
	sigaction(sig, &plain, NULL);
}

void faults_catch(void)
{
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

bool peek(const char *at, uint64_t *out)
{
	if (sigsetjmp(after_fault, 0)) {
		armed = false;
		return false;
	}
	armed = true;
	*out = *(const volatile uint64_t *)(const volatile void *)at;
	armed = false;
	return true;
}

bool poke(char *at, uint64_t value)
{
	if (sigsetjmp(after_fault, 0)) {
		armed = false;
		return false;
	}
	armed = true;
	*(volatile uint64_t *)(volatile void *)at = value;
	armed = false;
	return true;
}

/* Three words of each page, and now and then all of it. */
static bool look_at_page(const char *at, bool all, uint64_t *hash)
{
	static const size_t places[] = {0, PAGE_SIZE / 2, PAGE_SIZE - sizeof(uint64_t)};
	uint64_t word;
	for (size_t i = 0; i < (all ? PAGE_SIZE / sizeof word : 3); i++) {
		if (!peek(at + (all ? i * sizeof word : places[i]), &word))
			return false;
		*hash = scramble(*hash ^ word);
	}
	return true;
}

uint64_t look(const char *at, size_t len, unsigned *faults)
{
	uint64_t hash = 1;
	for (size_t i = 0; i < len; i += PAGE_SIZE) {
		if (look_at_page(at + i, i / PAGE_SIZE % 16 == 3, &hash))
			continue;
		hash = scramble(hash ^ 0xfa17 ^ i);
		(*faults)++;
	}
	return hash;
}

uint64_t look_at_slot(const struct program *p, size_t i, unsigned *faults)
{
	return look(slot_start(i), slot_size(&p->slots[i]), faults);
}

char *some_page(const struct program *p, uint32_t slot, uint32_t page)
{
	size_t i = slot % p->n_slots;
	return slot_start(i) + page % (slot_size(&p->slots[i]) / PAGE_SIZE) * PAGE_SIZE;
}

size_t some_size(uint32_t n)
{
	static const size_t pages[] = {1, 1, 2, 3, 8, 16, 17, 40};
	return pages[n % 8] * PAGE_SIZE;
}

/* SPDX-License-Identifier: MIT */
#ifndef CLI_ELF_FACTS_H
#define CLI_ELF_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* What decides whether one ELF file can be loaded into another. */
struct elf_facts {
	unsigned char class, data;
	uint16_t machine; /* 0: the byte order is not ours, nothing else was read */
	char interp[256]; /* the dynamic loader; "": statically linked, or a loader itself */
};

/* Any file may be given. False, and out untouched: no ELF file, cut short, or not readable. */
bool elf_facts_read(struct elf_facts *out, int fd);

#endif

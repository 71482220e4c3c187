/* SPDX-License-Identifier: MIT */
#ifndef CLI_ELF_FACTS_H
#define CLI_ELF_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* What decides whether one ELF file can be loaded into another. */
struct elf_facts {
	unsigned char class, data;
	uint16_t machine; /* 0: of the other byte order, not looked at any closer */
	char interp[256]; /* the dynamic loader; "": statically linked, or a loader itself */
};

/* False, out untouched: not an ELF file, or cut short, or not readable. Any file will do. */
bool elf_facts_read(struct elf_facts *out, int fd);

#endif

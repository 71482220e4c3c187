/* SPDX-License-Identifier: MIT */
#ifndef CLI_ELF_FACTS_H
#define CLI_ELF_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* What decides whether one ELF file can be loaded into another. */
struct elf_facts {
	unsigned char class, data;
	uint16_t machine; /* 0: another byte order, so nothing else was read */
	char interp[256]; /* the dynamic loader; "": static, or itself a loader */
};

/* Any file may be given. False, with out untouched: no ELF file, cut short, or unreadable. */
bool elf_facts_read(struct elf_facts *out, int fd);

#endif

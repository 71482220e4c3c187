/* SPDX-License-Identifier: MIT */
/* Whether a file's text was made for branch target identification (BTI), by its GNU property. */
#include <elf.h>
#include <link.h>

#include "preload/leanfork/patch.h"

#define PROPERTIES_MAX 256
#define FEATURES 0xc0000000U /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
#define BTI 1U

struct note {
	uint32_t name_size, size, type;
	char name[4];
};

struct property {
	uint32_t type, size, value;
};

static bool read_at(const struct lean *l, void *to, uintptr_t at, size_t size)
{
	return patch_read(l, to, (struct span){at, at + size});
}

static bool has_bti(const unsigned char *text, size_t size)
{
	struct note note;
	struct property property;
	if (size < sizeof note)
		return false;
	copy_bytes(&note, text, sizeof note);
	if (note.type != NT_GNU_PROPERTY_TYPE_0 || note.name_size != sizeof note.name)
		return false;
	for (size_t at = sizeof note; at + sizeof property <= size;) {
		copy_bytes(&property, text + at, sizeof property);
		if (property.type == FEATURES)
			return property.value & BTI;
		at += 8 + ((property.size + 7) & ~(size_t)7);
	}
	return false;
}

static bool read_properties(const struct lean *l, uintptr_t at, size_t size)
{
	unsigned char text[PROPERTIES_MAX];
	size_t n = size < sizeof text ? size : sizeof text;
	return read_at(l, text, at, n) && has_bti(text, n);
}

bool guard_wanted(const struct lean *l, uintptr_t elf)
{
	ElfW(Ehdr) head;
	ElfW(Phdr) part;
	if (!elf || !read_at(l, &head, elf, sizeof head) || head.e_phentsize != sizeof part ||
		head.e_ident[EI_MAG0] != ELFMAG0 || head.e_ident[EI_MAG1] != ELFMAG1)
		return false;
	for (size_t i = 0; i < head.e_phnum; i++) {
		if (!read_at(l, &part, elf + head.e_phoff + i * sizeof part, sizeof part))
			return false;
		if (part.p_type == PT_GNU_PROPERTY)
			return read_properties(l, elf + part.p_offset, part.p_filesz);
	}
	return false;
}

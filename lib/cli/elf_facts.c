/* SPDX-License-Identifier: MIT */
/* Reads what decides whether one ELF file can be loaded into another. */
#include "cli/elf_facts.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define NATIVE_DATA (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

/* The fields whose offsets differ between 32 and 64 bits. */
struct layout {
	uint64_t table, entry_size, count;
};

struct segment {
	uint32_t type;
	uint64_t offset, size;
};

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

static struct layout layout_of(const void *header, bool is_64)
{
	Elf32_Ehdr h32;
	Elf64_Ehdr h64;
	memcpy(&h32, header, sizeof h32);
	memcpy(&h64, header, sizeof h64);
	if (is_64)
		return (struct layout){h64.e_phoff, h64.e_phentsize, h64.e_phnum};
	return (struct layout){h32.e_phoff, h32.e_phentsize, h32.e_phnum};
}

static bool read_segment(struct segment *out, int fd, uint64_t offset, bool is_64)
{
	Elf32_Phdr p32;
	Elf64_Phdr p64;
	if (is_64 && read_at(fd, &p64, sizeof p64, offset))
		*out = (struct segment){p64.p_type, p64.p_offset, p64.p_filesz};
	else if (!is_64 && read_at(fd, &p32, sizeof p32, offset))
		*out = (struct segment){p32.p_type, p32.p_offset, p32.p_filesz};
	else
		return false;
	return true;
}

static bool find_interp(struct elf_facts *facts, int fd, struct layout layout)
{
	bool is_64 = facts->class == ELFCLASS64;
	for (uint64_t i = 0; i < layout.count; i++) {
		struct segment segment;
		uint64_t offset;
		if (__builtin_add_overflow(layout.table, i * layout.entry_size, &offset) ||
			!read_segment(&segment, fd, offset, is_64))
			return false;
		if (segment.type != PT_INTERP)
			continue;
		if (!segment.size || segment.size > sizeof facts->interp ||
			!read_at(fd, facts->interp, (size_t)segment.size, segment.offset))
			return false;
		facts->interp[segment.size - 1] = '\0';
		return true;
	}
	return true;
}

bool elf_facts_read(struct elf_facts *out, int fd)
{
	union {
		unsigned char bytes[sizeof(Elf64_Ehdr)];
		Elf32_Ehdr h32;
	} header = {0};
	struct elf_facts facts = {0};

	/* The smaller header first: a tiny 32-bit program may end right behind it. */
	if (!read_at(fd, &header, sizeof(Elf32_Ehdr), 0) || memcmp(header.bytes, ELFMAG, SELFMAG))
		return false;
	facts.class = header.bytes[EI_CLASS];
	facts.data = header.bytes[EI_DATA];
	if (facts.data == NATIVE_DATA) {
		facts.machine = header.h32.e_machine;
		bool is_64 = facts.class == ELFCLASS64;
		if (is_64 && !read_at(fd, &header, sizeof(Elf64_Ehdr), 0))
			return false;
		if (!find_interp(&facts, fd, layout_of(&header, is_64)))
			return false;
	}
	*out = facts;
	return true;
}

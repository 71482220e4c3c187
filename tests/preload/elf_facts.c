/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/elf_facts.h"
#include "cli/reach.h"
#include "leak.h"

static const struct elf_facts ours = {
	.class = ELFCLASS64, .data = ELFDATA2LSB, .machine = EM_X86_64, .interp = ""};

/* A 64-bit program with one segment. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	char interp[64];
};

static struct image program(void)
{
	struct image image = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB
										  : ELFDATA2MSB},
				.e_machine = EM_X86_64,
				.e_phoff = offsetof(struct image, segment),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = 1,
			},
		.segment =
			{
				.p_type = PT_INTERP,
				.p_offset = offsetof(struct image, interp),
				.p_filesz = sizeof "/lib/ld.so.1",
			},
		.interp = "/lib/ld.so.1",
	};
	return image;
}

static bool read_bytes(struct elf_facts *facts, const void *bytes, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	assert_int_equal(write(fd, bytes, size), size);
	bool ok = elf_facts_read(facts, fd);
	close(fd);
	return ok;
}

static void a_dynamic_program(void **state)
{
	(void)state;
	struct elf_facts facts;
	struct image image = program();
	assert_true(read_bytes(&facts, &image, sizeof image));
	assert_int_equal(facts.class, ELFCLASS64);
	assert_int_equal(facts.machine, EM_X86_64);
	assert_string_equal(facts.interp, "/lib/ld.so.1");
}

static void a_static_program(void **state)
{
	(void)state;
	struct elf_facts facts;
	struct image image = program();
	image.segment.p_type = PT_LOAD;
	assert_true(read_bytes(&facts, &image, sizeof image));
	assert_string_equal(facts.interp, "");
	image.header.e_phnum = 0;
	assert_true(read_bytes(&facts, &image, sizeof image));
	assert_string_equal(facts.interp, "");
}

static void a_32_bit_program(void **state)
{
	(void)state;
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		char interp[16];
	} image = {
		.header = {.e_machine = EM_386,
			.e_phoff = sizeof image.header,
			.e_phentsize = sizeof image.segment,
			.e_phnum = 1},
		.segment = {.p_type = PT_INTERP,
			.p_offset = sizeof image.header + sizeof image.segment,
			.p_filesz = 7},
		.interp = "/lib/l",
	};
	struct image other = program();
	struct elf_facts facts;
	memcpy(image.header.e_ident, other.header.e_ident, EI_NIDENT);
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_true(read_bytes(&facts, &image, sizeof image));
	assert_int_equal(facts.class, ELFCLASS32);
	assert_int_equal(facts.machine, EM_386);
	assert_string_equal(facts.interp, "/lib/l");
}

static void the_other_byte_order_is_left_alone(void **state)
{
	(void)state;
	struct elf_facts facts;
	struct image image = program();
	image.header.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	image.header.e_phoff = UINT64_MAX;
	assert_true(read_bytes(&facts, &image, sizeof image));
	assert_int_equal(facts.machine, 0);
	assert_int_equal(reach_compare(&facts, &ours, ""), REACH_MACHINE);
}

static void no_program_at_all(void **state)
{
	(void)state;
	struct elf_facts facts;
	struct image image = program();
	assert_false(read_bytes(&facts, "", 0));
	assert_false(read_bytes(&facts, "#!/bin/sh\n", 10));
	image.header.e_ident[0] = 0;
	assert_false(read_bytes(&facts, &image, sizeof image));
}

/* Whatever is cut off or points nowhere: no answer, and no crash. */
static void damaged_programs(void **state)
{
	(void)state;
	struct elf_facts facts = {.machine = 12345};
	struct image image = program();
	for (size_t size = 0; size < offsetof(struct image, interp) + image.segment.p_filesz;
		size++)
		assert_false(read_bytes(&facts, &image, size));
	image.header.e_phoff = UINT64_MAX - 8;
	assert_false(read_bytes(&facts, &image, sizeof image));
	image = program();
	image.segment.p_filesz = 0;
	assert_false(read_bytes(&facts, &image, sizeof image));
	image.segment.p_filesz = 257;
	assert_false(read_bytes(&facts, &image, sizeof image));
	image = program();
	image.segment.p_offset = UINT64_MAX;
	assert_false(read_bytes(&facts, &image, sizeof image));
	assert_int_equal(facts.machine, 12345);
}

static void an_interpreter_without_an_end(void **state)
{
	(void)state;
	struct elf_facts facts;
	struct image image = program();
	memset(image.interp, 'x', sizeof image.interp);
	image.segment.p_filesz = 10;
	assert_true(read_bytes(&facts, &image, sizeof image));
	assert_string_equal(facts.interp, "xxxxxxxxx");
}

static void comparisons(void **state)
{
	(void)state;
	static const char loader[] = "/lib64/ld-linux-x86-64.so.2";
	struct elf_facts program = ours;
	assert_int_equal(reach_compare(&program, &ours, loader), REACH_STATIC);
	strcpy(program.interp, loader);
	assert_int_equal(reach_compare(&program, &ours, loader), REACH_YES);
	strcpy(program.interp, "/other/place/ld-linux-x86-64.so.2");
	assert_int_equal(reach_compare(&program, &ours, loader), REACH_YES);
	strcpy(program.interp, "/lib/ld-musl-x86_64.so.1");
	assert_int_equal(reach_compare(&program, &ours, loader), REACH_LIBC);
	assert_int_equal(reach_compare(&program, &ours, ""), REACH_YES);
	program.machine = EM_386;
	assert_int_equal(reach_compare(&program, &ours, loader), REACH_MACHINE);
	program = ours;
	program.class = ELFCLASS32;
	assert_int_equal(reach_compare(&program, &ours, loader), REACH_MACHINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dynamic_program),
		TEST(a_static_program),
		TEST(a_32_bit_program),
		TEST(the_other_byte_order_is_left_alone),
		TEST(no_program_at_all),
		TEST(damaged_programs),
		TEST(an_interpreter_without_an_end),
		TEST(comparisons),
	};
	return RUN_TESTS(tests);
}

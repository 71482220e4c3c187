/* SPDX-License-Identifier: MIT */
/* Where ss_system, ss_popen and ss_pclose differ from libc's on purpose. */
#include "known.h"

#include <stddef.h>
#include <stdlib.h>

/* As in the man pages, where the reasons are. */
#define OWN "Signals 32 and 33 are in the command as in the caller"
#define NO_CHILD "system returns -1 if no process could be made"
#define MEMORY "No memory is needed in the caller"
#define MASK_BACK "Each of several concurrent calls restores its caller's signal mask"
#define OPTION "A command that looks like an option is a command"
#define CANCEL_MASK "A cancelled system restores the signal mask before cleanup handlers run"
#define FORKED "A child forked beside a system in another thread has its own dispositions"
#define SHELL_127 "A shell that does not start is exit status 127"
#define SHELL_NULL "system(NULL) finds out whether there is a shell"
#define DESCRIPTORS "No descriptor is needed in the caller beyond those of the stream"
#define CANCEL_SYSTEM "A cancelled system leaves nothing behind"
#define COUNTED "Concurrent calls of system are counted"
#define POPEN_ERRNO "popen reports the error of the step that failed"
#define WIDE "The stream is byte-oriented"
#define FCLOSE "fclose does not wait for the command"
#define NO_ZOMBIE "pclose reaps the command even if the descriptor is closed"
#define REPLACED "pclose does not wait if the descriptor leads elsewhere"
#define CANCEL_PCLOSE "pclose is not cancelled half-way"
#define BESIDE_FORK "popen beside fork leaves the child usable"
#define PLUS "Mode r+ is one stream in both directions"
#define MODES "Modes other than those documented are refused"
#define ORDER "Letters of the mode in any order"
#define LOST "pclose says when output could not be written"

const char *const known_titles[] = {
	OWN,
	NO_CHILD,
	MEMORY,
	MASK_BACK,
	OPTION,
	CANCEL_MASK,
	FORKED,
	SHELL_127,
	SHELL_NULL,
	DESCRIPTORS,
	CANCEL_SYSTEM,
	COUNTED,
	POPEN_ERRNO,
	WIDE,
	FCLOSE,
	NO_ZOMBIE,
	REPLACED,
	CANCEL_PCLOSE,
	BESIDE_FORK,
	PLUS,
	MODES,
	ORDER,
	LOST,
	NULL,
};

/* BESIDE_FORK is a matter of chance and not in the table: see threads.c */

#ifdef __GLIBC__

const struct known known[] = {
	{OWN, "*", "*saw*", "libc's own signals SigIgn 3", "libc's own signals SigIgn 0"},
	{OWN, "masks[[]3]", "system saw*", "*own signals SigBlk 0", "*own signals SigBlk 3"},
	{OWN, "masks[[]4]", "system saw*", "*own signals SigBlk 0", "*own signals SigBlk 3"},
	{OWN, "dies[[]3[23]]", "system", "0", "0x2[01]"},
	{OWN, "dies[[]3[23]]", "popen ? close", "0", "0x2[01]"},
	{POPEN_ERRNO, "long*_command*", "popen ? open", "NULL errno 12", "NULL errno 7"},
	{POPEN_ERRNO, "full_environment", "popen ? open", "NULL errno 12", "NULL errno 7"},
	{POPEN_ERRNO, "no_bin", "popen ? open", "NULL errno 12", "NULL errno 2"},
	{POPEN_ERRNO, "no_shell", "popen ? open", "NULL errno 12", "NULL errno 2"},
	{POPEN_ERRNO, "shell_*", "popen ? open", "NULL errno 12", "NULL errno *"},
	{POPEN_ERRNO, "no_more_processes", "popen ? open", "NULL errno 12", "NULL errno 11"},
	{OPTION, "looks_like_an_option*", "system", "0x200", "32512 errno 0"},
	{OPTION, "looks_like_an_option*", "popen ? close", "0x200", "32512 errno 0"},
	{OPTION, "looks_like_an_option*", "output*", "sh: 0: *", "sh: 1: *: not found"},
	{OPTION, "arguments_of_the_shell", "*", "*sh|-c|tr*", "*sh|-c|--|tr*"},
	{NO_CHILD, "no_more_processes", "system", "32512 errno 11", "-1 errno 11"},
	{NO_CHILD, "no_*address_space*", "system", "32512 errno 12", "-1 errno 12"},
	/* Since 2.41 libc's system says -1 as well. */
	{MEMORY, "no_more_address_space*", "system", "*errno 12", "0x300"},
	{MEMORY, "no_address_space_for_the_shell*", "system", "*errno 12", "0xb"},
	{MEMORY, "no_address_space_for_the_shell*", "system", "-1 errno 12", "32512 errno 0"},
	{MEMORY, "no_address_space_for_the_shell*", "output*", "nothing", "sh: error while *"},
	{MASK_BACK, "two_in_system*", "* mask", "10000 pending *", "0 pending 0"},
	{MASK_BACK, "fork_beside_system", "forked, later mask", "10000 *", "0 pending 0"},
	{WIDE, "wide_characters", "case ended", "0xb", "0"},
	{WIDE, "wide_characters", "orphans", "1", "0"},
	{WIDE, "wide_characters", "*", "nothing", "*"},
	{FCLOSE, "fclose_for_pclose", "fclose", "0x300", "0"},
	{FCLOSE, "fclose_for_pclose", "after process", "children none*", "children some*"},
	{FCLOSE, "fclose_for_pclose", "orphans", "0", "1"},
	{NO_ZOMBIE, "descriptor_closed_before*", "close", "-1 errno 9", "0x100"},
	{NO_ZOMBIE, "descriptor_closed_before*", "after process", "*some*", "*none*"},
	{NO_ZOMBIE, "descriptor_closed_before*", "orphans", "1", "0"},
	{REPLACED, "descriptor_replaced_before", "close", "0x300", "0"},
	{REPLACED, "descriptor_replaced_before", "after process", "*none*", "*some*"},
	{REPLACED, "descriptor_replaced_before", "orphans", "0", "1"},
	{PLUS, "mode[[]3[6-9]]", "*", "NULL errno 22", "*"},
	{PLUS, "mode[[]40]", "*", "NULL errno 22", "*"},
	{PLUS, "mode[[]3[6-9]]", "*", "nothing", "*"},
	{PLUS, "mode[[]40]", "*", "nothing", "*"},
	{PLUS, "mode[[]3[6-9]]", "open process", "children none*", "children some*"},
	{PLUS, "mode[[]40]", "open process", "children none*", "children some*"},
	{CANCEL_MASK, "waiting_in_system", "unwinding", "SIGCHLD blocked*", "SIGCHLD not blocked*"},
	{CANCEL_MASK, "cancelled_before_system", "unwinding", "SIGCHLD blocked*",
		"SIGCHLD not blocked*"},
	{CANCEL_MASK, "two_in_system[[]1]", "unwinding", "SIGCHLD blocked*",
		"SIGCHLD not blocked*"},
	{CANCEL_PCLOSE, "flushing_in_pclose", "unwinding", "*children some", "*children none"},
	{CANCEL_PCLOSE, "flushing_in_pclose", "thread", "*children some", "*children none"},
	{CANCEL_PCLOSE, "flushing_in_pclose", "orphans", "[1-9]", "0"},
	{CANCEL_PCLOSE, "flushing_in_pclose", "pclose", "nothing", "0x300"},
	{FORKED, "fork_beside_system", "forked* action 2", "ignored*", "count*"},
	{FORKED, "fork_beside_system", "forked* action 3", "ignored*", "nothing"},
	{0},
};

#else

/* clang-format off */
#define MODE(modes)                                                                                \
	{MODES, modes, "open", "fileno *", "NULL errno 22"},                                       \
	{MODES, modes, "open fd *", "type *", "nothing"},                                          \
	{MODES, modes, "open process", "children some*", "children none*"},                        \
	{MODES, modes, "close", "0x300", "nothing"}
/* clang-format on */

const struct known known[] = {
	{WIDE, "wide_characters", "orientation", "1", "0"},
	{WIDE, "wide_characters", "line", "1 *", "0 *"},
	{WIDE, "wide_characters", "written", "1", "0"},
	{WIDE, "wide_characters", "output*", "wide too", "nothing"},
	{SHELL_127, "long*_command*", "system", "-1 errno 7", "32512 errno 7"},
	{SHELL_127, "full_environment", "system", "-1 errno 7", "32512 errno 7"},
	{SHELL_127, "no_bin", "system", "-1 errno 2", "32512 errno 2"},
	{SHELL_127, "no_shell", "system", "-1 errno 2", "32512 errno 2"},
	{SHELL_127, "shell_*", "system", "-1 errno *", "32512 errno *"},
	{SHELL_NULL, "*", "system NULL", "0x1", "0"},
	{SHELL_NULL, "null_command_without_shell", "system", "0x1", "0"},
	{SHELL_NULL, "child_ignored", "NULL", "0x1", "0"},
	{OPTION, "looks_like_an_option*", "system", "0x200", "32512 errno 0"},
	{OPTION, "looks_like_an_option*", "popen ? close", "0x200", "32512 errno 0"},
	{OPTION, "looks_like_an_option*", "output*", "sh: 0: *", "sh: 1: *: not found"},
	{OPTION, "arguments_of_the_shell", "*", "*sh|-c|tr*", "*sh|-c|--|tr*"},
	{DESCRIPTORS, "few_descriptors[[][01]]", "system", "-1 errno 24", "0"},
	{DESCRIPTORS, "few_descriptors[[][23]]", "popen * open", "NULL errno 24", "fileno *"},
	{DESCRIPTORS, "few_descriptors*", "* saw", "no file", "nothing"},
	{DESCRIPTORS, "few_descriptors[[]1]", "system saw*", "nothing", "*"},
	{DESCRIPTORS, "no_descriptor_for_the_shell*", "system", "-1 errno 24", "*"},
	{DESCRIPTORS, "no_descriptor_for_the_shell[[][0-3]]", "output*", "nothing", "sh: error*"},
	{DESCRIPTORS, "no_descriptor_for_the_shell[[]5]", "popen * open", "NULL errno 24", "file*"},
	{DESCRIPTORS, "no_descriptor_for_the_shell[[]5]", "popen *", "nothing", "*"},
	{DESCRIPTORS, "few_descriptors[[][23]]", "popen *", "nothing", "*"},
	MODE("mode[[]1[4-9]]"),
	MODE("mode[[]2?]"),
	MODE("mode[[]3[0-5]]"),
	MODE("mode[[]4[1-6]]"),
	{ORDER, "mode[[][457]]", "open", "NULL errno 22", "fileno *"},
	{ORDER, "mode[[][457]]", "open fd *", "nothing", "type 10000*"},
	{ORDER, "mode[[][457]]", "open process", "children none*", "children some*"},
	{ORDER, "mode[[][457]]", "close", "nothing", "0x300"},
	{PLUS, "mode[[]3[6-9]]", "open", "fileno *", "fileno * flags 0x2 *"},
	{PLUS, "mode[[]40]", "open", "fileno *", "fileno * flags 0x2 *"},
	{PLUS, "mode[[]3[6-9]]", "open fd *", "type 10000 *", "type 140000 *"},
	{PLUS, "mode[[]40]", "open fd *", "type 10000 *", "type 140000 *"},
	{PLUS, "mode[[]37]", "open", "NULL errno 22", "fileno *"},
	{PLUS, "mode[[]37]", "open fd *", "nothing", "type 140000 *"},
	{PLUS, "mode[[]37]", "open process", "children none*", "children some*"},
	{PLUS, "mode[[]37]", "close", "nothing", "0x300"},
	{LOST, "command_does_not_read[[]0]", "close", "0", "-1 errno 32"},
	{LOST, "descriptor_closed_before[[]0]", "close", "0", "-1 errno 9"},
	{CANCEL_MASK, "waiting_in_system", "unwinding", "SIGCHLD blocked*", "SIGCHLD not blocked*"},
	{CANCEL_MASK, "two_in_system[[]1]", "unwinding", "SIGCHLD blocked*",
		"SIGCHLD not blocked*"},
	{CANCEL_SYSTEM, "waiting_in_system", "thread", "*children some", "*children none"},
	{CANCEL_SYSTEM, "waiting_in_system", "after action [23]", "ignored*", "*"},
	{CANCEL_SYSTEM, "waiting_in_system", "after process", "children some*", "children none*"},
	{CANCEL_SYSTEM, "waiting_in_system", "orphans", "1", "0"},
	{CANCEL_SYSTEM, "two_in_system[[]1]", "thread", "*children some", "*children none"},
	{CANCEL_SYSTEM, "two_in_system[[]1]", "after action [23]", "ignored*", "*"},
	{CANCEL_SYSTEM, "two_in_system[[]1]", "after process", "*some*", "*none*"},
	{CANCEL_SYSTEM, "two_in_system[[]1]", "orphans", "1", "0"},
	{COUNTED, "two_in_system*", "second saw*", "*SigIgn*6", "*SigIgn*4"},
	{FORKED, "fork_beside_system", "forked* action 2", "ignored*", "count*"},
	{FORKED, "fork_beside_system", "forked* action 3", "ignored*", "nothing"},
	{0},
};

#endif

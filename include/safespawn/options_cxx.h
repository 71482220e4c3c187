/* SPDX-License-Identifier: MIT */
#ifndef SAFESPAWN_OPTIONS_CXX_H
#define SAFESPAWN_OPTIONS_CXX_H

/* g++ -Wextra warns of each member that designated initializers leave out, except in system
 * headers. */
#ifdef __cpp_designated_initializers
#ifdef __GNUC__
#pragma GCC system_header
#endif
#define SS_OPTIONS(...)                                                                            \
	(&static_cast<const ss_options &>(ss_options{.size = sizeof(ss_options), __VA_ARGS__}))
#else
struct ss_options;
#endif

#endif

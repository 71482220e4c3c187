# SPDX-License-Identifier: MIT
# One of its ways is two forks, the first child's not followed by an exec.
(MIB=100 under "$path")

# SPDX-License-Identifier: MIT
# What is gawk's own: a co-process.
BEGIN {
	print "in" |& "cat -n"
	close("cat -n", "to")
	"cat -n" |& getline line
	print "co-process", line, close("cat -n")
	exit 9
}

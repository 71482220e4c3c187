# SPDX-License-Identifier: MIT
# system, backticks, pipes both ways, fork with a pipe, exec, signals, %SIG, large memory.
use strict;
use warnings;
use POSIX ":sys_wait_h";
use IPC::Open3;
$| = 1;

my @keep = map { "x" x 1000 } 1 .. 100_000;    # 100 MB

printf "system list %d\n",   system("sh", "-c", "exit 3") >> 8;
printf "system string %d\n", system("echo out; exit 4") >> 8;
printf "system signal %d\n", system('kill -9 $$') & 127;
printf "system missing %s\n", system("/nonexistent/x") == -1 ? "$!" : "ran";
print "backticks ", `echo one; echo two >&2`;
my @lines = `printf 'a\\nb\\nc\\n'`;
print "list ", scalar(@lines), "\n";

open(my $out, "|-", "cat -n") or die;
print $out "to a pipe\n" for 1 .. 3;
close $out;
print "closed $?\n";

open(my $in, "-|", "echo from; exit 5") or die;
print "read $_" while <$in>;
close $in;
print "closed ", $? >> 8, "\n";

my $pid = open(my $kid, "-|");
die unless defined $pid;
if (!$pid) { print "child of a forking open\n"; exit 6; }
print while <$kid>;
close $kid;
print "closed ", $? >> 8, "\n";

pipe(my $r, my $w);
$pid = fork;
if (!$pid) { close $r; print $w "memory ", length(join "", @keep[0 .. 9]), "\n"; close $w; exit 7; }
close $w;
print <$r>;
waitpid $pid, 0;
print "forked ", $? >> 8, "\n";

$pid = open3(my $to, my $from, undef, "sort");
print $to "$_\n" for qw(c a b);
close $to;
print <$from>;
waitpid $pid, 0;
print "open3 $?\n";

my $count = 0;
$SIG{CHLD} = sub { while (waitpid(-1, WNOHANG) > 0) { $count++ } };
for (1 .. 5) { my $p = fork; exec("true") or exit 1 unless $p; }
select undef, undef, undef, 0.02 while $count < 5;
print "reaped $count\n";
$SIG{CHLD} = "DEFAULT";

{
	local $SIG{INT} = "IGNORE";
	print "ignored ", `sh -c 'kill -INT \$\$; echo alive'`;
}
{
	local $ENV{NEW} = "value";
	print "environment ", `echo \$NEW`;
}
umask 077;
print "umask ", `sh -c umask`;
chdir "/";
print "directory ", `pwd`;
exec "sh", "-c", "echo exec; exit 9";

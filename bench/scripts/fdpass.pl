# SPDX-License-Identifier: MIT
# fdpass.pl - Perl's IO::FDPass; bench/scripts.c says what it is told.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

eval { require IO::FDPass } or exit 77;

my ($mode, $n) = @ARGV;
my $ours = $mode eq 'pong' ? 6 : 5;
my $theirs = $mode eq 'self' ? 5 : $mode eq 'ping' ? 6 : 5;
my $back = $mode eq 'self' ? 4 : 3;

sub give { IO::FDPass::send(3, $ours) or die "fdpass.pl: send: $!\n" }

sub take {
	my $fd = IO::FDPass::recv($back);
	die "fdpass.pl: recv: $!\n" if $fd < 0;
	return $fd;
}

sub inode {
	open(my $io, '<&', $_[0]) or die "fdpass.pl: $_[0]: $!\n";
	return (stat $io)[1];
}

sub verify {
	my $got = take();
	die "fdpass.pl: another descriptor than was sent\n"
	  if $got == $theirs || inode($got) != inode($theirs);
	POSIX::close($got);
}

sub count_open { return scalar(my @all = glob('/proc/self/fd/*')) }

if ($mode eq 'pong') {
	verify();
	while (1) {
		give();
		POSIX::close(take());
	}
}

$| = 1;
give();
verify();
my $before = count_open();
print "ready\n";
while (my $line = <STDIN>) {
	my $start = clock_gettime(CLOCK_MONOTONIC);
	for (1 .. $line) {
		give();
		POSIX::close(take());
	}
	printf "%.0f\n", (clock_gettime(CLOCK_MONOTONIC) - $start) * 1e9;
}
die "fdpass.pl: leaves descriptors open\n" if count_open() != $before;

# SPDX-License-Identifier: MIT
# fdpass.pl SOCKET - takes one descriptor, reads and writes through it.
use strict;
use warnings;
use IO::FDPass;
use IO::Socket::UNIX;

my $listener = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die "$ARGV[0]: $!";
my $from = $listener->accept or die "accept: $!";
unlink $ARGV[0];
my $fd = IO::FDPass::recv($from->fileno);
$fd >= 0 or die "recv: $!";
# As it came: perl itself sets close-on-exec on numbers above $^F when it opens them.
my $flags = `sed -n 's/^flags:[[:space:]]*//p' /proc/$$/fdinfo/$fd`;
open my $file, '+<&=', $fd or die "open: $!";
sysread $file, my $line, 100 or die "read: $!";
syswrite $file, "peer has: $line" or die "write: $!";
print oct($flags) & 02000000 ? "close-on-exec\n" : "inheritable\n";

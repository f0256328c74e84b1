#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Perl: IO::FDPass.

load helper
setup() {
	need perl
	perl -MIO::FDPass -e 1 2>/dev/null || skip 'IO::FDPass is not installed'
	interop_setup
}
teardown() { interop_teardown; }

@test "perl IO::FDPass::send to fdferry recv" {
	start fdferry recv -t stream --stdio sock -- sh -c "$taker"
	await sock
	perl -MIO::FDPass -MIO::Socket::UNIX -e 'IO::FDPass::send(IO::Socket::UNIX->new("sock")->fileno, 0) or die $!' <&6
	sent_to_us
	peer "perl | $(perl -e 'printf "%vd", $^V'), IO::FDPass $(perl -MIO::FDPass -e 'print $IO::FDPass::VERSION')"
}

@test "fdferry send to perl IO::FDPass::recv" {
	start perl "$here/fdpass.pl" sock
	we_send
	peer "perl IO::FDPass | received descriptor: $output"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# libowfat: io_passfd and io_receivefd.

load helper
setup() {
	interop_setup
	need libowfat-peer
}
teardown() { interop_teardown; }

@test "io_passfd to fdferry recv" {
	start fdferry recv -t stream --stdio sock -- sh -c "$taker"
	await sock
	libowfat-peer send sock <&6
	sent_to_us
	peer "libowfat | $(dpkg-query -W -f '${Version}' libowfat-dev 2>/dev/null)"
}

@test "fdferry send to io_receivefd" {
	start libowfat-peer recv sock
	we_send
	peer "libowfat io_receivefd | received descriptor: ${lines[0]}"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# util-linux: fdsend and fdrecv.  Debian 12 has not got them; their wire is a space and one descriptor on a
# stream, where the receiver listens, and util_linux.py speaks it.

load helper
setup() {
	need python3
	interop_setup
}
teardown() { interop_teardown; }

@test "the wire of fdsend to fdferry recv" {
	start fdferry recv -t stream --stdio sock -- sh -c 'printf %s "$FDFERRY_DATA" >data; '"$taker"
	await sock
	python3 "$here/util_linux.py" send sock <&6
	sent_to_us
	[ "$(base64 -d data)" = ' ' ]
	peer "fdsend, fdrecv | their wire, spoken by a script"
}

@test "fdferry send to the wire of fdrecv" {
	start python3 "$here/util_linux.py" recv sock
	we_send ' '
}

@test "fdferry send to the wire of fdrecv, with the byte that is sent if none is named" {
	start python3 "$here/util_linux.py" recv sock
	we_send
}

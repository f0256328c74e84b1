#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# usocket of npm, for Node; run.sh builds it below build/interop.

load helper
setup() {
	need node
	interop_setup
	export NODE_PATH=$tools/node_modules
	node -e 'require("usocket")' 2>/dev/null || skip 'usocket is not there, or not built'
}
teardown() { interop_teardown; }

@test "usocket write to fdferry recv, with data" {
	start fdferry recv -t stream --stdio sock -- sh -c 'printf %s "$FDFERRY_DATA" >data; '"$taker"
	await sock
	node "$here/usocket_send.js" sock 'from node' <&6
	sent_to_us
	[ "$(base64 -d data)" = 'from node' ]
	peer "usocket | $(node -p 'require("usocket/package.json").version'), Node $(node --version)"
}

@test "fdferry send to usocket read, with data" {
	start node "$here/usocket_recv.js" sock
	we_send 'for node'
	[ "${lines[0]}" = 'data: for node' ]
	peer "usocket read | received descriptor: ${lines[1]}"
}

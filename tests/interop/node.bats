#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Node: handles over the ipc channel of child_process, here with fdferry as the child.  It carries servers
# and sockets only.

load helper
setup() {
	need node
	interop_setup
}
teardown() { interop_teardown; }

@test "node child.send to fdferry recv" {
	start node "$here/node_send.js"
	finish
	[ "$status" -eq 0 ]
	mapfile -t lines <out
	[ "${lines[0]}" = "${lines[1]}" ]
	[ "$(printf %s "${lines[2]}" | base64 -d | jq -r '.cmd + " " + .type + " " + .msg')" = \
		'NODE_HANDLE net.Server from node' ]
	[[ "${lines[3]}" == 'socket tcp:127.0.0.1:'* ]] || [[ "${lines[3]}" == 'socket tcp-listen:127.0.0.1:'* ]]
	peer "node child_process | $(node --version)"
}

@test "fdferry send to node child.on message" {
	start fdferry recv --stdin pass -- node "$here/node_recv.js"
	fdferry recv pass2 -- sh -c 'stat -Lc "inode %i" /dev/fd/3 >inode
		fdferry send --wait 10s pass fd:3' 3>&- &
	pids+=($!)
	fdferry send --wait 10s pass2 tcp-listen:127.0.0.1:0
	finish
	[ "$status" -eq 0 ]
	[ "$(cat out)" = "$(printf '%s\n' 'data: for node' "$(cat inode)" accepts)" ]
}

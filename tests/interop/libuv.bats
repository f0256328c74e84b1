#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# libuv: uv_write2 and uv_accept on a pipe with ipc.  They carry sockets and no files: here a TCP listener.

load helper
setup() {
	interop_setup
	need libuv-peer
}
teardown() { interop_teardown; }

@test "uv_write2 to fdferry recv, with data" {
	start fdferry recv -t stream sock -- sh -c \
		'stat -Lc "inode %i" /dev/fd/3 && echo "$FDFERRY_DATA" && fdferry inspect fd:3'
	await sock
	libuv-peer send sock >sent
	finish
	[ "$status" -eq 0 ]
	mapfile -t lines <out
	[ "${lines[0]}" = "$(head -n 1 sent)" ]
	[ "$(printf %s "${lines[1]}" | base64 -d)" = 'from libuv' ]
	[[ "${lines[2]}" == 'socket tcp:127.0.0.1:'* ]]
	peer "libuv | $(pkg-config --modversion libuv)"
}

@test "fdferry send to uv_accept, with data" {
	start libuv-peer recv sock
	await sock
	# The listener's inode is told by who has it on its way.
	fdferry recv pass -- sh -c 'stat -Lc "inode %i" /dev/fd/3 >inode
		fdferry send --wait 10s --data "for libuv" sock fd:3' 3>&- &
	pids+=($!)
	fdferry send --wait 10s pass tcp-listen:127.0.0.1:0
	finish
	[ "$status" -eq 0 ]
	mapfile -t lines <out
	[ "${lines[0]}" = 'data: for libuv' ]
	[ "${lines[1]}" = "$(cat inode)" ]
	[ "${lines[3]}" = 'accepts' ]
	peer "libuv uv_accept | received descriptor: ${lines[2]}"
}

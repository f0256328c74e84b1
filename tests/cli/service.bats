#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/service.c: what it gives away in the one process comes to the next, and is the same file.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

visit() { # SOCKET: what the server there says; "recv" is this shell's child, and ends with the connection
	fdferry recv --stdin visit -- cat >said 3>&- &
	local recv=$!
	await visit
	fdferry send --wait 5s visit "unix-connect:$1"
	wait "$recv"
	cat said
}

ended() { # PID: kills it; a server ends in no other way
	kill "$1"
	wait "$1" || true
}

@test "a service goes on with what it has stored before" {
	fdferry recv --names state notify -- service second.sock 3>&- 2>second.err &
	second=$!
	pids+=("$second")
	await notify
	NOTIFY_SOCKET=$PWD/notify service first.sock 3>&- 2>first.err &
	first=$!
	pids+=("$first")
	await first.sock
	[ "$(visit first.sock)" = 'visitor 1' ]
	[ "$(visit first.sock)" = 'visitor 2' ]
	ended "$first"
	await second.sock
	[ "$(visit second.sock)" = 'visitor 3' ]
	ended "$second"
	pids=()
	[ ! -s first.err ]
	rm first.sock second.sock
}

@test "without a manager it serves all the same, and a wrong environment is told" {
	env -u NOTIFY_SOCKET service alone.sock 3>&- 2>alone.err &
	pids+=("$!")
	await alone.sock
	[ "$(visit alone.sock)" = 'visitor 1' ]
	ended "${pids[0]}"
	pids=()
	rm alone.sock
	run sh -c 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web exec service none.sock'
	[ "$status" -eq 1 ]
	[ "$output" = 'LISTEN_FDS: LISTEN_FDNAMES has not as many names as LISTEN_FDS says' ]
	run env NOTIFY_SOCKET=vsock:2:1 service none.sock
	[ "$status" -eq 1 ]
	[ "$output" = 'NOTIFY_SOCKET: NOTIFY_SOCKET is of another machine, and descriptors are not' ]
	rm none.sock
}

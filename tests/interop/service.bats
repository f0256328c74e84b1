#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A program that uses fdferry/service.h, examples/service.c, and what systemd has on the other side.

load helper
setup() {
	interop_setup
	PATH=$tools/../examples:$PATH
}
teardown() { interop_teardown; }

visit() { # SOCKET: what the server there says
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print(s.makefile().read(), end="")' "$1"
}

ended() { # PID
	kill "$1"
	wait "$1" || true
}

@test "systemd-socket-activate to ferry_listen_fds: the listener by its name; the count comes back from fdferry recv" {
	need systemd-socket-activate python3
	fdferry recv --names state notify -- service second.sock 3>&- 6>&- 2>second.err &
	second=$!
	pids+=("$second")
	await notify
	systemd-socket-activate -l "$PWD/web.sock" --fdname=web -E NOTIFY_SOCKET="$PWD/notify" service 3>&- 6>&- 2>first.err &
	first=$!
	pids+=("$first")
	await web.sock
	[ "$(visit web.sock)" = 'visitor 1' ]
	await second.sock
	ended "$first"
	[ "$(visit second.sock)" = 'visitor 2' ]
	ended "$second"
	pids=()
	rm web.sock second.sock
	peer "systemd-socket-activate | $(systemd-socket-activate --version | sed -n '1s/^systemd \([^ ]*\).*/\1/p')"
}

@test "what ferry_notify says is what sd_pid_notify_with_fds says" {
	need python3 jq
	python3 -c 'import systemd.daemon' 2>/dev/null || skip 'python3-systemd is not installed'
	start fdferry recv --json notify
	await notify
	NOTIFY_SOCKET=$PWD/notify python3 -c 'import os
from systemd import daemon
daemon.notify("FDSTORE=1\nFDNAME=state\nREADY=1\nSTATUS=counting", fds=[os.memfd_create("state")])'
	finish
	jq -c '[.data, .fds[].kind, .fds[].path]' <<<"$output" >theirs
	start fdferry recv --json notify
	await notify
	NOTIFY_SOCKET=$PWD/notify service web.sock 3>&- 6>&- 2>server.err &
	server=$!
	await web.sock
	finish
	pids+=("$server")
	jq -c '[.data, .fds[].kind, .fds[].path]' <<<"$output" | cmp theirs -
	ended "$server"
	pids=()
	rm web.sock
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# systemd: what services send to NOTIFY_SOCKET, and what they take from LISTEN_FDS.

load helper
setup() { interop_setup; }
teardown() { interop_teardown; }

have_module() {
	need python3
	python3 -c 'import systemd.daemon' 2>/dev/null || skip 'python3-systemd is not installed'
}

@test "systemd-notify to fdferry recv: the message, then a pipe that tells when it is read" {
	need systemd-notify
	start fdferry recv --messages 2 --json notify
	await notify
	NOTIFY_SOCKET=$PWD/notify systemd-notify --ready --status=hello
	finish
	[ "$status" -eq 0 ]
	mapfile -t lines <out
	[ "$(jq -r .data <<<"${lines[0]}" | base64 -d)" = "$(printf 'READY=1\nSTATUS=hello')" ]
	[ "$(jq '.fds | length' <<<"${lines[0]}")" -eq 0 ]
	[ "$(jq -r .data <<<"${lines[1]}" | base64 -d)" = BARRIER=1 ]
	[ "$(jq -r '.fds[].kind' <<<"${lines[1]}")" = fifo ]
	peer "systemd-notify | $(systemd-notify --version | sed -n '1s/^systemd \([^ ]*\).*/\1/p')"
}

@test "sd_pid_notify_with_fds to fdferry recv: FDSTORE=1" {
	have_module
	start fdferry recv --stdio notify -- sh -c 'printf %s "$FDFERRY_DATA" >data; '"$taker"
	await notify
	NOTIFY_SOCKET=$PWD/notify python3 -c 'from systemd import daemon; daemon.notify("FDSTORE=1\nFDNAME=notes", fds=[0])' <&6
	sent_to_us
	[ "$(base64 -d data)" = "$(printf 'FDSTORE=1\nFDNAME=notes')" ]
	peer "python3-systemd | $(dpkg-query -W -f '${Version}' python3-systemd 2>/dev/null)"
}

@test "fdferry recv to sd_listen_fds_with_names" {
	have_module
	start fdferry recv --names config,notes sock -- python3 -c 'from systemd import daemon
import os
fds = daemon.listen_fds_with_names()
assert list(fds.values()) == ["config", "notes"], fds
os.write(max(fds), b"peer has: " + os.read(max(fds), 100))'
	await sock
	fdferry send sock /dev/null fd:6
	finish
	[ "$status" -eq 0 ]
	one_file peer
}

@test "what fdferry send says to NOTIFY_SOCKET is what systemd's own function says" {
	have_module
	start fdferry recv --json notify
	await notify
	NOTIFY_SOCKET=$PWD/notify python3 -c 'from systemd import daemon; daemon.notify("FDSTORE=1\nFDNAME=notes", fds=[0])' <&6
	finish
	mv out theirs
	start fdferry recv --json notify
	await notify
	NOTIFY_SOCKET=$PWD/notify
	fdferry send --data 'FDSTORE=1
FDNAME=notes' "$NOTIFY_SOCKET" fd:6
	finish
	cmp theirs out
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Python: socket.send_fds and recv_fds, and what multiprocessing makes of them.

load helper
setup() {
	need python3
	interop_setup
}
teardown() { interop_teardown; }

@test "python socket.send_fds to fdferry recv, with data" {
	for type in STREAM SEQPACKET DGRAM; do
		printf 'not for A\nwritten by B\n' >notes.txt
		exec 6<>notes.txt
		read -r _ <&6
		start fdferry recv -t "${type,,}" --stdio sock -- sh -c 'printf %s "$FDFERRY_DATA" >data; '"$taker"
		await sock
		python3 "$here/send_fds.py" sock "$type" 'from python' <&6
		sent_to_us
		[ "$(base64 -d data)" = 'from python' ]
	done
	peer "python3 | $(python3 -c 'import platform; print(platform.python_version())')"
}

@test "fdferry send to python socket.recv_fds, with data" {
	for type in STREAM SEQPACKET DGRAM; do
		printf 'not for A\nwritten by B\n' >notes.txt
		exec 6<>notes.txt
		read -r _ <&6
		start python3 "$here/recv_fds.py" sock "$type"
		we_send 'for python'
		[ "${lines[0]}" = "data: for python" ]
	done
	peer "python3 recv_fds | received descriptor: ${lines[1]}"
}

@test "several descriptors, in order" {
	touch a b c
	start fdferry recv -t stream --json sock
	await sock
	python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("sock"); socket.send_fds(s, [b"x"], [9, 7, 8])' \
		7<a 8<b 9<c
	finish
	[ "$(jq -r '.fds[].path' out)" = "$(printf '%s\n' "$PWD/c" "$PWD/a" "$PWD/b")" ]
}

@test "multiprocessing send_handle to fdferry recv" {
	start fdferry recv -t stream --stdio sock -- sh -c 'printf %s "$FDFERRY_DATA" >data; '"$taker"
	await sock
	python3 "$here/send_handle.py" sock <&6
	sent_to_us
	[ "$(cat data)" = "$(printf '\1' | base64)" ] # the number of descriptors
}

@test "fdferry send to multiprocessing recv_handle" {
	start python3 "$here/recv_handle.py" sock
	we_send "$(printf '\1')"
	peer "python3 recv_handle | received descriptor: $output"
}

@test "multiprocessing recv_handle wants the number as the data" {
	start python3 "$here/recv_handle.py" sock
	await sock
	fdferry send --wait 10s sock fd:6
	finish
	[ "$status" -eq 1 ]
	[[ "$error" == *AssertionError* ]]
}

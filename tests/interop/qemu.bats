#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# QEMU: getfd and add-fd of its monitors.  The descriptor goes with the bytes of the command.  QEMU sends none.

load helper
setup() {
	need qemu-system-x86_64
	interop_setup
	# A machine that has nothing and does nothing, with a monitor of each kind.
	qemu-system-x86_64 -M none -display none -qmp unix:qmp.sock,server=on,wait=off \
		-monitor unix:hmp.sock,server=on,wait=off 3>&- 6>&- &
	qemu=$!
	await qmp.sock
	await hmp.sock
}
teardown() {
	if [ -n "${qemu-}" ]; then
		kill "$qemu"
		wait "$qemu" || true
		rm -f qmp.sock hmp.sock
	fi
	interop_teardown
}

find_in_qemu() {
	for fd in "/proc/$qemu/fd"/*; do
		[ "$(readlink "$fd")" = "$PWD/notes.txt" ] && return 0
	done
	return 1
}

# QEMU has notes.txt open where descriptor 6 is: its offset is the same when that of 6 is moved.
qemu_has_it() {
	local offset
	until_true find_in_qemu
	read -r _ <&6
	offset=$(sed -n 's/^pos:[[:space:]]*//p' "/proc/$qemu/fdinfo/${fd##*/}")
	[ "$offset" -eq "$(stat -c %s notes.txt)" ]
	peer "QEMU $1 | received descriptor: $(
		sed -n 's/^flags:.*\([2367]\)[0-7]\{6\}$/close-on-exec/p' "/proc/$qemu/fdinfo/${fd##*/}" | grep . ||
			echo inheritable)"
}

@test "fdferry send to getfd of the monitor for people" {
	# --confirm: who hangs up before QEMU has said its greeting is not heard.
	fdferry send --confirm --data 'getfd disk
' hmp.sock fd:6
	qemu_has_it getfd
	peer "QEMU | $(qemu-system-x86_64 --version | sed -n '1s/.*version \([^ ]*\).*/\1/p')"
}

@test "fdferry send to getfd of QMP" {
	start fdferry recv --stdio pass -- sh "$here/qmp.sh" '{"execute":"getfd","arguments":{"fdname":"disk"}}' fd:6
	fdferry send --wait 10s pass unix-connect:qmp.sock
	finish
	[ "$error" = '{"return": {}}' ]
	qemu_has_it 'getfd of QMP'
}

@test "fdferry send to add-fd of QMP, and a disk of it" {
	truncate -s 1M disk.img
	start fdferry recv --stdio pass -- sh "$here/qmp.sh" \
		'{"execute":"add-fd","arguments":{"fdset-id":1}}' file:disk.img,rw \
		'{"execute":"blockdev-add","arguments":{"driver":"file","node-name":"d","filename":"/dev/fdset/1"}}' '' \
		'{"execute":"query-named-block-nodes","arguments":{"flat":true}}' ''
	fdferry send --wait 10s pass unix-connect:qmp.sock
	finish
	[ "$status" -eq 0 ]
	mapfile -t lines <err
	[ "$(jq '.return."fdset-id"' <<<"${lines[0]}")" -eq 1 ]
	[ "${lines[1]}" = '{"return": {}}' ]
	[ "$(jq '.return[0].image."virtual-size"' <<<"${lines[2]}")" -eq 1048576 ]
}

@test "QMP says so when no descriptor came with the command" {
	start fdferry recv --stdio pass -- sh "$here/qmp.sh" '{"execute":"add-fd","arguments":{"fdset-id":1}}' ''
	fdferry send --wait 10s pass unix-connect:qmp.sock
	finish
	[[ "$error" == *'No file descriptor supplied'* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# runc and crun: --console-socket sends the master of the container's terminal.  They receive nothing.

load helper
setup() {
	[ "$(id -u)" -eq 0 ] || skip 'containers are run as root here'
	need runc
	interop_setup
	need console-peer
	name=fdferry-test-$$
	mkdir -p box/rootfs
	cp "$tools/console-peer" box/rootfs/init
	(cd box && runc spec && sed -i 's|"sh"|"/init"|' config.json)
}
teardown() { interop_teardown; }

# crun wants one hierarchy of control groups and none beside it.
crun_unified() {
	unshare -m sh -c 'mount -t cgroup2 none /sys/fs/cgroup && exec crun --cgroup-manager=disabled "$@"' sh "$@"
}

# RUNTIME: it must run a container without a terminal; what it cannot do by itself is no matter of ours.
can_run() {
	local said status=0
	sed 's|"terminal": true|"terminal": false|' box/config.json >plain.json
	mkdir plain
	cp -r box/rootfs plain/
	mv plain.json plain/config.json
	said=$("$1" --root "$PWD/state" run --bundle plain "$name" 2>&1 3>&-) || status=$?
	[ "$status" -eq 7 ] || skip "${1%_*} runs no container here: $(tail -n 1 <<<"$said")"
}

# RUNTIME: a container with a terminal.  fdferry gives that to a shell, which talks through it.
talk() {
	local talk='read -r line; echo hello; read -r echo; read -r answer; echo "$line, $echo, $answer" >&2'
	start fdferry recv -t stream --timeout 20s --stdio console.sock -- sh -c "$talk"
	await console.sock
	"$1" --root "$PWD/state" run -d --bundle box --console-socket "$PWD/console.sock" "$name" 3>&-
	finish
	"$1" --root "$PWD/state" delete -f "$name" 3>&-
	[ "$status" -eq 0 ]
	[ "${error//$'\r'/}" = 'from the container, hello, heard hello' ]
}

@test "runc --console-socket to fdferry recv" {
	can_run runc
	talk runc
	peer "runc | $(runc --version | sed -n 's/^runc version //p')"
}

@test "runc names the device in its data" {
	can_run runc
	start fdferry recv -t stream --timeout 20s --json console.sock
	await console.sock
	# Nobody holds the terminal afterwards: the container ends early, and what runc says of that is no matter.
	runc --root "$PWD/state" run -d --bundle box --console-socket "$PWD/console.sock" "$name" 3>&- || true
	finish
	runc --root "$PWD/state" delete -f "$name" 3>&- || true
	[ "$status" -eq 0 ]
	[ "$(jq -r .data out | base64 -d)" = /dev/ptmx ]
	[ "$(jq -r '.fds[0].kind + " " + .fds[0].access' out)" = 'char rw' ]
}

@test "crun --console-socket to fdferry recv" {
	need crun
	can_run crun_unified
	talk crun_unified
	peer "crun | $(crun --version | sed -n 's/^crun version //p')"
}

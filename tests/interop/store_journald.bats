#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# systemd-journald, as Debian has it and without systemd, is killed: the connections of its clients are in the
# store, with what is queued in them.  Its /run is one of its own, so that the machine's journal is left alone.

load helper
load store
setup() {
	need systemd-cat journalctl unshare python3
	PATH=$PATH:/usr/lib/systemd:/lib/systemd
	need systemd-journald
	interop_setup
	apart=(unshare --mount --net)
	[ "$(id -u)" -eq 0 ] || apart+=(--map-root-user)
	"${apart[@]}" mount -t tmpfs run /run 2>/dev/null || skip 'mount namespaces are not for us here'
}
teardown() { interop_teardown; }

@test "journald in three commands, as in the README: sixty lines of sixty, and twenty without a store" {
	sh "$here/../../examples/journald.sh" >out 2>err 3>&- 6>&- || { cat out err; return 1; }
	grep -qxF 'With a store: 60 of 60 lines, and the logger has ended well' out
	grep -qxF 'Without one: 20 of 60 lines, and the logger was killed by SIGPIPE' out
	[ ! -s err ]
	peer "systemd-journald, store | $(systemd-notify --version | sed -n '1s/^systemd \([^ ]*\).*/\1/p')"
}

# Stops behind every twentieth line until it is told to go on.
logger() {
	local line
	for line in $(seq 120); do
		echo "line $line"
		if [ $((line % 20)) -eq 0 ]; then
			touch "at.$line"
			until [ -e "go.$line" ]; do sleep 0.1; done
		fi
	done
}

lines() {
	journalctl -q -D /run/log/journal -t twenties -o cat
}

arrived() {
	[ "$(lines | wc -l)" -eq "$1" ]
}

serves() {
	journalctl --sync 2>/dev/null
}

# In the namespace; the store is outside, as it is for a container.
lab() {
	local at journald logger
	set -e
	mount -t tmpfs run /run
	mkdir -p /run/systemd/journald.conf.d
	printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\n' >/run/systemd/journald.conf.d/test.conf
	fdferry exec --store kept --timeout 1m --optional stored -- systemd-journald &
	journald=$!
	until_true serves
	timeout 100 systemd-cat -t twenties bash -c "$(declare -f logger); logger" &
	logger=$!
	for at in 20 40 60 80 100; do
		# What journald has read and not written yet would die with it.
		until_true arrived "$at"
		until_true kept stored
		if [ $((at % 40)) -eq 0 ]; then kill_twin KEEPER; else kill_twin BROKER; fi
		kill -9 "$journald"
		wait "$journald" || true
		touch "go.$at"
		until_true test -e "at.$((at + 20))" # twenty lines to nobody
		fdferry exec --store kept --timeout 1m --optional stored -- systemd-journald &
		journald=$!
	done
	until_true arrived 120
	touch go.120
	wait "$logger"
	lines | cmp - expected
	until_true gone stored # it has hung up
	kill "$journald"
	wait "$journald"
}

@test "journald is killed five times, and each time a twin of its store: a hundred and twenty lines" {
	keep_store
	seq -f 'line %g' 120 >expected
	export here
	"${apart[@]}" bash -c "$(declare -f)
		lab" >lab.out 2>&1 3>&- 6>&- || { cat lab.out; return 1; }
	store_ends
}

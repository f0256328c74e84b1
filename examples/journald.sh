#!/bin/sh
# SPDX-License-Identifier: MIT
# journald.sh - systemd-journald is killed while a program logs sixty lines through it: with a store, and without.
#
# systemd-journald and systemd-cat are as they are in the packages, and no systemd runs.  All has a /run of its
# own, in a mount namespace, so that the journal of the machine is left alone.
set -u
PATH=$PATH:/usr/lib/systemd:/lib/systemd

needs() {
	echo "needs $*"
	exit 1
}

if [ "${1-}" != inside ]; then
	for program in fdferry systemd-journald systemd-cat journalctl unshare; do
		command -v "$program" >/dev/null || needs "$program"
	done
	set -- unshare --mount --net
	[ "$(id -u)" -eq 0 ] || set -- "$@" --map-root-user
	"$@" mount -t tmpfs run /run 2>/dev/null || needs 'root, or user namespaces'
	exec "$@" sh "$0" inside
fi

mount -t tmpfs run /run
mkdir -p /run/systemd/journald.conf.d /run/demo
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\n' >/run/systemd/journald.conf.d/demo.conf
cd /run/demo || exit 1
store=
journald=
cleanup() {
	touch go.21 go.41
	for pid in $journald $store; do
		kill "$pid" 2>/dev/null
	done
	wait
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

wrong() {
	echo "This is wrong: $*"
	cat errors
	exit 1
}

await() { # COMMAND...: bounded, and longer than anything here takes
	for _ in $(seq 300); do
		"$@" && return
		sleep 0.1
	done
	wrong "in vain: $*"
}

run() { # COMMAND: shown as it is run
	echo "# $1 &"
	eval "$1 2>>errors &"
}

serves() {
	journalctl --sync 2>/dev/null
}

kill_journald() {
	kill -9 "$journald"
	wait "$journald" 2>/dev/null
	journald=
}

# After 20 lines, and after 40, it says so and goes on when it is told to.
logger='for line in $(seq 60); do
	case $line in
	21 | 41)
		touch at.$line
		until [ -e go.$line ]; do sleep 0.1; done
		;;
	esac
	echo "line $line"
done'

log() {
	{
		timeout 100 systemd-cat -t sixty sh -c "$logger"
		echo $? >ended.new
		mv ended.new ended
	} 2>>errors &
}

lines() {
	journalctl -q -D /run/log/journal -t sixty -o cat 2>>errors
}

arrived() {
	[ "$(lines | wc -l)" -eq "$1" ]
}

kept() {
	fdferry get --store /run/store stored >held 2>&1
}

at() { # LINE, or the end
	[ -e "at.$1" ] || [ -e ended ]
}

come_to() { # WHAT
	case $(cat ended) in
	0) end='has ended well' ;;
	141) end='was killed by SIGPIPE' ;;
	*) wrong "the logger ended with $(cat ended)" ;;
	esac
	lines | cmp -s - expected || [ "$(lines)" = "$(head -n 20 expected)" ] || wrong "$(lines)"
	echo "$1: $(lines | wc -l) of 60 lines, and the logger $end"
}
seq -f 'line %g' 60 >expected

run 'fdferry store --store /run/store'
store=$!
await grep -qs ready errors
run 'fdferry exec --store /run/store --optional stored -- systemd-journald'
journald=$!
await serves
log
await arrived 20
await kept
echo '(a program logs 20 lines, journald is killed with SIGKILL, the program logs 20 more)'
kill_journald
touch go.21
await at 41
run 'fdferry exec --store /run/store --optional stored -- systemd-journald'
journald=$!
await arrived 40
touch go.41
await arrived 60
await test -e ended
come_to 'With a store'

echo
kill_journald
rm -rf /run/log/journal /run/systemd/journal at.* go.* ended
systemd-journald 2>>errors &
journald=$!
await serves
log
await arrived 20
kill_journald
systemd-journald 2>>errors &
journald=$!
await serves
touch go.21 go.41
await test -e ended
come_to 'Without one'

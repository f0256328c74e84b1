#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry exec: becomes a program with what a store has.

load helper
setup() {
	common_setup
	echo second >second.txt
}
teardown() { common_teardown; }

held() { fdferry list --json | jq length; }

@test "CMD has the descriptors, their names, and where to put more; it is the same process" {
	store_start --max-fds 77
	fdferry put web notes.txt
	fdferry put 'a,b' second.txt
	# shellcheck disable=SC2016
	echo 'echo "$LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID - $$)) $$ $FDSTORE $NOTIFY_SOCKET"; cat <&3; cat <&4' >show
	start fdferry exec 'a,b' web -- sh show
	process=$pid
	finish_but_store
	[ "$output" = "2 a,b:web 0 $process 77 $PWD/store/notify"$'\nsecond\nwritten by B' ]
	[ "$(held)" -eq 2 ]
	[ "$(fdferry exec web 'a,b' -- sh -c 'echo "$@"' - '{fd:a,b}' '{fd:0}')" = '4 3' ]
	fails 7 fdferry exec web -- sh -c 'exit 7'
	store_stop
}

finish_but_store() {
	finish
	pids=("$store")
}

@test "LISTEN_PIDFDID is the pidfd's inode, or is not set" {
	store_start
	fdferry put web notes.txt
	# fdferry inspect does not tell the inode: the pidfd's own is asked by what is run.
	cat >inode.pl <<-'P'
		my $fd = syscall(434, $$, 0);
		exit 0 if $fd < 0 || (($ENV{LISTEN_PIDFDID} // '') eq '' && (stat("/proc/self/fd/$fd"))[1] < 10000);
		open(my $p, "<&=", $fd) or die $!;
		exit((stat($p))[1] == $ENV{LISTEN_PIDFDID} ? 0 : 9);
	P
	fdferry exec web -- perl inode.pl
	LISTEN_PIDFDID=5 LISTEN_FDS=9 fdferry exec --optional other -- sh -c '
		[ -z "${LISTEN_PIDFDID+x}${LISTEN_FDS+x}${LISTEN_PID+x}" ]'
	store_stop
}

@test "many descriptors, and the numbers that the command itself had" {
	store_start
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "$i" >"file$i"
		fdferry put "n$i" "file$i"
	done
	[ "$(fdferry exec n1 n2 n3 n4 n5 n6 n7 n8 n9 -- sh -c 'cat <&3 - <&4; cat <&8; cat <&9; ls /proc/self/fd | wc -l')" = \
		$'2\n6\n7\n13' ] || fdferry exec n1 n2 n3 n4 n5 n6 n7 n8 n9 -- ls -l /proc/self/fd
	store_stop
}

@test "--take removes them, unless CMD cannot be run" {
	store_start
	fdferry put web notes.txt
	fails 127 fdferry exec --take web -- ./no-such-command
	one_line "cannot run './no-such-command'" 'nothing was taken'
	[ "$(held)" -eq 1 ]
	fails 127 fdferry exec web -- ./no-such-command
	one_line "cannot run './no-such-command': No such file"
	[ "$(fdferry exec --take web -- sh -c 'cat <&3')" = 'written by B' ]
	[ "$(held)" -eq 0 ]
	store_stop
}

@test "--optional leaves out what is not there" {
	store_start
	fdferry put web notes.txt
	fails 1 fdferry exec web other -- true
	one_line 'cannot get web, other in the store'
	[ "$(fdferry exec --optional no web other --pattern 'x*' -- sh -c 'echo "$LISTEN_FDS $LISTEN_FDNAMES"')" = '1 web' ]
	[ "$(fdferry exec --optional --pattern '*' -- sh -c 'echo "$LISTEN_FDNAMES"')" = web ]
	[ "$(fdferry exec --optional --take no web -- sh -c 'echo "$LISTEN_FDNAMES"')" = web ]
	[ "$(fdferry exec --optional --pattern '*' -- sh -c 'echo "${LISTEN_FDS-none} ${NOTIFY_SOCKET##*/}"')" = 'none notify' ]
	store_stop
}

@test "a relative directory of a store is written whole for CMD" {
	store_start
	fdferry put web notes.txt
	[ "$(fdferry exec --store store web -- sh -c 'cd /; echo "$NOTIFY_SOCKET"')" = "$PWD/store/notify" ]
	store_stop
}

@test "a command line that is wrong is 2, a store that is not there 1, one that is silent 3" {
	fails 2 fdferry exec web
	one_line 'a command behind --'
	fails 2 fdferry exec -- true
	fails 2 fdferry exec web --
	fails 2 fdferry exec --json web -- true
	fails 1 fdferry exec --store nowhere web -- true
	one_line 'cannot open the store nowhere' 'no store runs there'
	mute_store
	fails 3 fdferry exec --store mute --timeout 50ms --optional web -- true
	one_line 'the store mute did not answer in the time given'
	mute_stop
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry put: what is in the store afterwards, and what is not.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

content() { fdferry get --stdin "$1" -- cat; }

@test "what is put is the same open file, and outlives who put it" {
	store_start
	exec 6<notes.txt
	fdferry put notes fd:6
	read -r -n 8 -u 6
	exec 6<&-
	[ "$(content notes)" = 'by B' ]
	store_stop
}

@test "several descriptors, in their order; another put goes behind them" {
	store_start
	for i in 1 2 3; do echo "$i" >"file $i"; done
	fdferry put all 'file 1' 'file 2'
	fdferry put all 'file 3'
	[ "$(fdferry get all -- sh -c 'cat <&3; cat <&4; cat <&5')" = $'1\n2\n3' ]
	store_stop
}

@test "--replace puts it instead, --new only where there is nothing" {
	store_start
	echo other >other.txt
	fdferry put --new it notes.txt notes.txt
	fails 1 fdferry put --new it other.txt
	one_line 'cannot put it in the store' 'already' '--replace'
	fdferry put --replace it other.txt
	[ "$(fdferry list --json | jq length)" -eq 1 ]
	[ "$(content it)" = other ]
	fails 2 fdferry put --new --replace it notes.txt
	one_line 'only one of --replace and --new'
	store_stop
}

gone() { ! fdferry get "$1"; }

@test "--ttl ends it, --evict when the other end hangs up" {
	store_start
	fdferry put --ttl 10m long notes.txt
	[ "$(fdferry list --json | jq '.[0].ttl_ms > 0 and .[0].ttl_ms <= 600000')" = true ]
	fdferry put --ttl 1ms short notes.txt
	eventually gone short
	mkfifo pipe
	exec 6<>pipe
	fdferry put --evict read pipe
	fdferry put stays pipe
	exec 6>&-
	eventually gone read
	[ "$(fdferry list --json | jq -c '[.[].name] | sort')" = '["long","stays"]' ]
	store_stop
}

@test "the file of a listener stays if it was put, and goes if it was not" {
	store_start
	fdferry put web unix-listen:web.sock
	[ -S web.sock ]
	[[ "$(fdferry list --json | jq -r '.[0].kind')" == unix*-listen ]]
	fails 1 fdferry put --new web unix-listen:other.sock
	[ ! -e other.sock ]
	store_stop
	fails 1 fdferry put web unix-listen:other.sock
	[ ! -e other.sock ]
	rm web.sock
}

# Sets server, which listens at @PORT@ twice, at the same socket under two numbers, and at web.sock.
start_server() {
	perl -MSocket -MFcntl -e '$^F = 100;
		socket(T, AF_INET, SOCK_STREAM, 0); bind(T, sockaddr_in(0, INADDR_LOOPBACK)); listen(T, 5);
		socket(U, AF_UNIX, SOCK_STREAM, 0); bind(U, pack_sockaddr_un("web.sock")); listen(U, 5);
		open(D, ">&T"); socket(N, AF_INET, SOCK_STREAM, 0);
		($port) = sockaddr_in(getsockname(T)); open(P, ">", "port.new"); print P $port; close(P);
		rename("port.new", "port"); sleep 600' 3>&- &
	server=$!
	pids+=("$server")
	eventually test -e port
}

stop_server() {
	kill "$server"
	wait "$server" || true
	rm web.sock
}

may_trace() {
	[ "$(id -u)" -eq 0 ] || [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" -eq 0 ] ||
		skip 'only what is a child may be traced here'
}

@test "--listeners-of copies what a process listens on, each socket once" {
	may_trace
	start_server
	store_start
	fdferry put --listeners-of "$server" >told
	[ "$(wc -l <told)" -eq 2 ]
	grep -q "^127.0.0.1_$(cat port): socket tcp-listen:" told
	grep -q '^web.sock: socket unix' told
	[ "$(fdferry list --json | jq -r '.[].name' | sort)" = "$(printf '%s\n' "127.0.0.1_$(cat port)" web.sock)" ]
	fdferry put --listeners-of "$server" --replace web >told
	[ "$(grep -c '^web: ' told)" -eq 2 ]
	fdferry put --listeners-of "$server" --replace web >told
	[ "$(fdferry list --json web | jq length)" -eq 2 ]
	fails 2 fdferry put --listeners-of "$server" web notes.txt
	one_line 'only a name goes with it'
	stop_server
	fails 1 fdferry put --listeners-of "$server"
	one_line "there is no process $server"
	store_stop
}

@test "--listeners-of a process that listens on nothing, and of none" {
	may_trace
	sleep 600 3>&- &
	sleeper=$!
	pids+=("$sleeper")
	fails 1 fdferry put --listeners-of "$sleeper"
	one_line "process $sleeper listens on no socket"
	kill "$sleeper"
	wait "$sleeper" || true
	pids=()
	fails 2 fdferry put --listeners-of x
	one_line 'not the number of a process'
}

@test "a descriptor of a running process" {
	may_trace
	store_start
	exec 6<notes.txt
	sleep 600 3>&- &
	sleeper=$!
	pids+=("$sleeper")
	exec 6<&-
	fdferry put theirs "pid:$sleeper/6"
	kill "$sleeper"
	wait "$sleeper" || true
	[ "$(content theirs)" = 'written by B' ]
	store_stop
}

@test "a full store says which limit it was" {
	store_start --max-fds 3
	fails 1 fdferry put many notes.txt notes.txt notes.txt notes.txt
	one_line 'cannot put many in the store' '--max-fds'
	[ "$(fdferry list --json)" = '[]' ]
	store_stop
}

@test "a command line that is wrong is 2, a store that is not there 1, one that is silent 3" {
	fails 2 fdferry put
	one_line 'fdferry put NAME WHAT...'
	fails 2 fdferry put name
	fails 2 fdferry put a:b notes.txt
	one_line "'a:b': a name is"
	fails 2 fdferry put '' notes.txt
	fails 2 fdferry put --ttl 0s a notes.txt
	fails 2 fdferry put --ttl 5 a notes.txt
	fails 1 fdferry put --store nowhere a notes.txt
	one_line 'cannot open the store nowhere' 'no store runs there' 'fdferry store'
	fails 1 fdferry put --store nowhere a no-such-file
	one_line 'cannot open no-such-file'
	mute_store
	fails 3 fdferry put --store mute --timeout 50ms a notes.txt
	one_line 'the store mute did not answer in the time given'
	mute_stop
}

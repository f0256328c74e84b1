#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry watch and check: what happens in a store, and whether it is well.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

# Watches, with the options given, from the first event on that it has written.
watch_start() {
	fdferry watch "$@" >events 2>watch.err 3>&- &
	watch=$!
	pids+=("$watch")
	local i
	for i in $(seq 3000); do
		fdferry put --replace begin notes.txt
		[ ! -s events ] || return 0
	done
	echo "no event: $(cat watch.err)"
	return 1
}

watch_stop() { # it dies of the signal
	local i status=0
	kill "$watch"
	wait "$watch" || status=$?
	[ "$status" -eq 143 ] || { echo "status $status: $(cat watch.err)"; return 1; }
	for i in "${!pids[@]}"; do
		[ "${pids[i]}" != "$watch" ] || unset "pids[i]"
	done
	[ ! -s watch.err ]
}

@test "watch prints a line an event, as it happens" {
	store_start
	watch_start
	fdferry put web notes.txt
	eventually grep -q "^put web id [0-9]* owner $(id -un)$" events
	fdferry take web >taken
	eventually grep -q '^take web id ' events
	fdferry put --ttl 1ms short notes.txt
	eventually grep -q '^expire short id ' events
	mkfifo pipe
	exec 6<>pipe
	fdferry put --evict reader pipe
	exec 6>&-
	eventually grep -q '^evict reader id ' events
	fdferry put gone notes.txt
	fdferry remove gone
	eventually grep -q '^remove gone id ' events
	watch_stop
	store_stop
}

@test "watch --json prints one object a line" {
	store_start
	watch_start --json
	fdferry put 'a "name"' notes.txt
	eventually grep -q 'a \\"name' events
	[ "$(grep 'name\\"' events | jq -c '[keys_unsorted, .event, .name, .owner_uid]')" = \
		"[[\"event\",\"id\",\"name\",\"owner_uid\"],\"put\",\"a \\\"name\\\"\",$(id -u)]" ]
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0);
		send(S, "READY=1\nSTATUS=at \"work\"", 0, pack_sockaddr_un($ARGV[0])) or die $!' store/notify
	eventually grep -q state events
	[ "$(grep state events | tail -n 1 | jq -c '.lines | sort')" = '["READY=1","STATUS=at \"work\""]' ]
	watch_stop
	store_stop
}

@test "watch of a name or a pattern says nothing of others" {
	store_start
	fdferry put other notes.txt
	watch_start begin --pattern 'web*'
	fdferry put other notes.txt
	fdferry put web1 notes.txt
	eventually grep -q web1 events
	[ -z "$(grep other events)" ]
	watch_stop
	store_stop
}

@test "watch ends with the store" {
	store_start
	watch_start
	store_stop
	local status=0
	wait "$watch" || status=$?
	[ "$status" -eq 1 ]
	pids=()
	error=$(cat watch.err)
	one_line "cannot watch in the store $PWD/store" "start it again with 'fdferry store'"
}

@test "check says in a line how a healthy store is" {
	store_start --max-fds 40
	fdferry put web notes.txt notes.txt
	[[ "$(fdferry check)" =~ ^'healthy: 2 of 40 descriptors, '[0-9]+' of '[0-9]+' clients, parent '[0-9]+', broker '[0-9]+', keeper '[0-9]+', replaced 0 times, sandbox '[a-z_,]+$ ]]
	fdferry check --json >out
	[ "$(wc -l <out)" -eq 1 ]
	[ "$(jq -c keys_unsorted out)" = '["healthy","why","held","max_fds","clients","max_clients","parent","broker","keeper","own_fds","max_own_fds","own_clients","max_own_clients","unread","max_unread","idle_ms","replaced","version","above","state","sandbox"]' ]
	[ "$(jq -c '[.healthy, .why, .held, .max_fds, .replaced]' out)" = '[true,null,2,40,0]' ]
	store_stop
}

@test "check: a store that is nearly full is not healthy" {
	store_start --max-fds 20
	# shellcheck disable=SC2046 # words
	fdferry put web $(yes notes.txt | head -n 18)
	fails 0 fdferry check
	fdferry put web notes.txt
	fails 1 fdferry check
	[[ "$output" == 'not healthy: it is nearly full: '*'--max-fds: 19 of 20 descriptors, '* ]]
	[ -z "$error" ]
	fails 1 fdferry check --json
	[ "$(jq -c '[.healthy, .held]' out)" = '[false,19]' ]
	store_stop
}

@test "a command line that is wrong is 2, a store that is not there 1, one that is silent 3" {
	fails 2 fdferry check store
	one_line 'the store is given with --store'
	fails 2 fdferry check --id 3
	fails 2 fdferry watch a:b
	fails 1 fdferry check --store nowhere
	one_line 'cannot open the store nowhere' 'no store runs there'
	fails 1 fdferry watch --store nowhere
	one_line 'cannot open the store nowhere'
	mute_store
	fails 3 fdferry check --store mute --timeout 50ms
	one_line 'the store mute did not answer in the time given'
	fails 3 fdferry watch --store mute --timeout 50ms
	mute_stop
}

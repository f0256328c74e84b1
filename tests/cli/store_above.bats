#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A store above a store: what the lower one holds survives all three of its processes.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

# The upper one is "store"; the lower one, "low", is what fdferry list and the others below speak to.
upper_start() {
	store_start --patience 0ms "$@"
	upper=$PWD/store
}
low_start() {
	rm -f low.err
	fdferry exec --store "$upper" --optional --pattern 'fdferry1,*' ${also:+"$also"} -- \
		fdferry store --store low --patience 0ms >low.out 2>low.err 3>&- &
	low=$!
	pids+=("$low")
	eventually grep -q ready: low.err
	export FDFERRY_STORE=$PWD/low
}
forget() { # PID: it has ended
	local i
	wait "$1" || true
	for i in "${!pids[@]}"; do
		[ "${pids[i]}" != "$1" ] || unset "pids[i]"
	done
}
low_is() { fdferry check --json | jq -r ".$1"; }
# Both twins stand still first, or one of them would replace the other.
low_kill() {
	local twins
	twins=$(fdferry check --json | jq -r '.broker, .keeper')
	# shellcheck disable=SC2086
	kill -STOP $twins
	# shellcheck disable=SC2086
	kill -KILL "$low" $twins
	forget "$low"
	eventually flock -n low/lock true
}
again() {
	low_kill
	low_start
}
kill_twin() { # broker or keeper
	local pid
	pid=$(low_is "$1")
	kill -KILL "$pid"
	eventually replaced "$1" "$pid"
}
replaced() {
	local now
	now=$(low_is "$1")
	[ "$now" != "$2" ] && [ "$now" != null ]
}
low_stop() {
	kill "$low"
	forget "$low"
	rm -r low
	store_stop
}
above_is_ok() { [ "$(low_is above)" = ok ]; }
# Everything that must come back the same.
table() { fdferry list --json | jq -c 'sort_by(.id)[] | [.id, .name, .kind, .owner_uid, .ttl_ms == null]'; }
above() { fdferry list --store "$upper" --json | jq -r '.[].name' | grep -v '^fdferry1,l,' | sort; }
# shellcheck disable=SC2016
content() { fdferry get "$1" -- sh -c 'cat <"/proc/self/fd/$1"' - '{fd:0}'; }
# The same open file under another name.
copy() {
	# shellcheck disable=SC2016
	fdferry get "$1" -- sh -c 'fdferry put "$2" "fd:$1"' - '{fd:0}' "$2"
}

@test "everything is there after the death of all three, and nothing else" {
	upper_start
	low_start
	echo two >two.txt
	fdferry put notes notes.txt
	fdferry put notes two.txt
	fdferry put 'a, b' two.txt
	fdferry put --ttl 60m timed two.txt
	fdferry put lis tcp-listen:127.0.0.1:0
	fdferry put gone notes.txt
	fdferry put taken notes.txt
	fdferry put new notes.txt
	fdferry put --replace new two.txt
	fdferry remove gone
	fdferry take taken -- true
	table >before
	address=$(fdferry list --json lis | jq -r '.[0].path')
	[ "$(above | wc -l)" -eq 6 ]
	again
	table | diff before -
	[ "$(content 'a, b')" = two ]
	[ "$(content notes)" = 'written by B' ]
	[ "$(content new)" = two ]
	[ "$(fdferry list --json lis | jq -r '.[0].path')" = "$address" ]
	[ "$(fdferry list --json timed | jq '.[0] | .ttl_ms > 3000000 and .ttl_ms <= 3600000')" = true ]
	[ "$(low_is above)" = ok ]
	# And once more, with a change in between: what came back can be removed there too.
	fdferry remove notes timed
	fdferry put late two.txt
	table >before
	again
	table | diff before -
	[ "$(above | wc -l)" -eq 4 ]
	kill "$low"
	forget "$low"
	low_start
	table | diff before -
	low_stop
}

@test "an id is not used again, also when the last ones are gone" {
	upper_start
	low_start
	fdferry put a notes.txt
	fdferry put b notes.txt
	last=$(fdferry list --json b | jq '.[0].id')
	fdferry remove a b
	again
	fdferry put c notes.txt
	[ "$(fdferry list --json c | jq '.[0].id')" -gt "$last" ]
	[ "$(fdferry list --store "$upper" --json 'fdferry1,l,*' | jq length)" -eq 1 ]
	low_stop
}

@test "one open file under two names is there twice, whichever is removed" {
	upper_start
	low_start
	fdferry put one notes.txt
	copy one two
	again
	table >before
	[ "$(wc -l <before)" -eq 2 ]
	fdferry remove one
	again
	[ "$(table)" = "$(tail -n 1 before)" ]
	copy two three
	again
	fdferry remove two
	again
	[ "$(fdferry list --json | jq -r '.[].name')" = three ]
	[ "$(content three)" = 'written by B' ]
	[ "$(above | wc -l)" -eq 1 ]
	low_stop
}

@test "either twin may die in between" {
	upper_start
	low_start
	fdferry put a notes.txt
	kill_twin broker
	fdferry put b notes.txt
	fdferry remove a
	kill_twin keeper
	fdferry put c notes.txt
	kill_twin broker
	kill_twin broker
	fdferry remove b
	fdferry put d notes.txt
	table >before
	again
	table | diff before -
	[ "$(above | wc -l)" -eq 2 ]
	low_stop
}

@test "a new parent leaves the twins what they have" {
	upper_start
	low_start
	fdferry put a notes.txt
	kill -KILL "$low"
	forget "$low"
	fdferry put b notes.txt
	low_start
	[ "$(fdferry list --json | jq length)" -eq 2 ]
	[ "$(find "/proc/$low/fd" -lname '*notes.txt' | wc -l)" -eq 0 ]
	table >before
	again
	table | diff before -
	low_stop
}

@test "another program goes on with what is above" {
	upper_start
	low_start
	fdferry put a notes.txt
	fdferry put b notes.txt
	copy a c
	fdferry upgrade
	fdferry remove a
	fdferry put d notes.txt
	kill_twin broker
	fdferry remove c
	table >before
	again
	table | diff before -
	[ "$(above | wc -l)" -eq 2 ]
	low_stop
}

@test "what the manager has opened is put under its name, once" {
	upper_start
	fdferry put web notes.txt
	also=web low_start
	[ "$(content web)" = 'written by B' ]
	fdferry put own notes.txt
	also=web again
	[ "$(fdferry list --json | jq -c '[.[].name] | sort')" = '["own","web"]' ]
	# One that this store has had before is no other's.
	# shellcheck disable=SC2016
	fdferry get own -- sh -c 'fdferry put --store "$2" more "fd:$1"' - '{fd:0}' "$upper"
	also='more' again
	[ "$(fdferry list --json | jq -c '[.[].name]')" = '["own"]' ]
	low_stop
}

@test "ENAMETOOLONG for a name that does not fit, and the limit of the store above" {
	upper_start --max-fds 5
	low_start
	long=$(printf '%0160d' 7)
	fdferry put "$long" notes.txt
	fails 1 fdferry put "${long}1" notes.txt
	one_line 'at most 160'
	fdferry put a notes.txt
	fdferry put b notes.txt
	fails 1 fdferry put c notes.txt
	one_line 'max-fds is 3'
	again
	[ "$(fdferry list --json | jq -r '.[0].name')" = "$long" ]
	low_stop
}

@test "a store above that stands still blocks nobody, and is told later" {
	upper_start
	low_start
	twins=$(fdferry check --store "$upper" --json | jq -r '.broker, .keeper')
	# shellcheck disable=SC2086
	kill -STOP $twins
	n=0
	while [ "$(low_is above)" = ok ] && [ $n -lt 2000 ]; do
		n=$((n + 1))
		fdferry put "n$n" notes.txt
	done
	[ "$(low_is above)" = behind ]
	fdferry put last notes.txt
	fdferry remove n1
	kill_twin broker
	# shellcheck disable=SC2086
	kill -CONT $twins
	eventually above_is_ok
	table >before
	again
	table | diff before -
	low_stop
}

@test "without a manager there is nothing above" {
	store_start
	[ "$(low_is above)" = none ]
	store_stop
}

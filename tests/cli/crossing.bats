#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The main job: process A at process_a, process B sends an open file.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

@test "A reads what B wrote and writes through it, and B sees that" {
	start fdferry recv --stdio process_a -- sh -c 'read -r line; echo "A read: $line"'
	exec 6<>notes.txt
	fdferry send --wait 5s process_a fd:6
	finish
	[ "$status" -eq 0 ]
	[ "$(cat notes.txt)" = "$(printf 'written by B\nA read: written by B')" ]
	# One open file: B's offset is where A left it.
	[[ "$(fdferry inspect fd:6)" == *" offset 34 size 34" ]]
	exec 6>&-
}

@test "every type carries a descriptor, found by itself" {
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --stdin sock -- cat
		fdferry send --wait 5s sock notes.txt
		finish
		[ "$status" -eq 0 ]
		[ "$output" = 'written by B' ]
		[ ! -e sock ]
	done
}

@test "every type works on an abstract name" {
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --stdin "@fdferry-test-$BATS_ROOT_PID-$$" -- cat
		fdferry send --wait 5s "@fdferry-test-$BATS_ROOT_PID-$$" notes.txt
		finish
		[ "$output" = 'written by B' ]
	done
}

@test "the message of a datagram has no data, that of a stream one zero byte" {
	start fdferry recv --json sock
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$(jq -r .data out)" = '' ]
	start fdferry recv -t stream --json sock
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$(jq -r .data out)" = 'AA==' ]
}

@test "process A in plain system calls, fdferry send" {
	start process_a
	fdferry send --wait 5s process_a file:notes.txt,rw
	finish
	[ "$status" -eq 0 ]
	[ "$output" = 'process A read: written by B' ]
	[ "$(tail -n 1 notes.txt)" = 'written by process A' ]
}

@test "process B in plain system calls, fdferry recv" {
	start fdferry recv --stdin process_a -- cat
	await process_a
	process_b notes.txt
	finish
	[ "$status" -eq 0 ]
	[ "$output" = 'written by B' ]
}

@test "both in plain system calls, and both with the library" {
	for pair in 'process_a process_b' 'ferry_a ferry_b' 'process_a ferry_b' 'ferry_a process_b'; do
		printf 'written by B\n' >notes.txt
		start "${pair% *}"
		await process_a
		"${pair#* }" notes.txt
		finish
		[ "$status" -eq 0 ]
		[ "$output" = '' ] || [ "$output" = 'process A read: written by B' ]
		[ "$(tail -n 1 notes.txt)" = 'written by process A' ]
	done
}

@test "253 descriptors in one message, in order" {
	what=()
	for i in $(seq 253); do
		: >"f$i"
		what+=("f$i")
	done
	start fdferry recv --json sock
	fdferry send --wait 5s sock "${what[@]}"
	finish
	[ "$status" -eq 0 ]
	jq -r '.fds[].path' out | sed 's|.*/f||' >got
	seq 253 | cmp - got
}

@test "the demo plays, and proves what it says" {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	output=$(sh "$root/examples/demo.sh" "$(command -v fdferry)" 3>&-)
	[[ "$output" == *'It is one open file'* ]]
}

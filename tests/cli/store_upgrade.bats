#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry upgrade: another program takes over, or nothing changes.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

broker() { fdferry check --json | jq .broker; }

@test "another copy of the command takes over, and says so" {
	store_start
	echo kept >file
	fdferry put kept file
	cp "$(command -v fdferry)" newer
	old=$(broker)
	run fdferry upgrade --program ./newer
	[ "$status" -eq 0 ]
	[[ "$output" == *": 0.1.0, was 0.1.0: 1 descriptors, broker "* ]]
	new=$(broker)
	[ "$new" != "$old" ]
	[[ "$(readlink "/proc/$new/exe")" == */newer ]]
	[ "$(fdferry get --stdin kept -- cat)" = kept ]
	run fdferry upgrade
	[ "$status" -eq 0 ]
	[[ "$(readlink "/proc/$(broker)/exe")" != */newer ]]
	store_stop
}

@test "what cannot take over changes nothing, and the error says why" {
	store_start
	fdferry put kept notes.txt
	old=$(broker)
	run fdferry upgrade --program /bin/true
	[ "$status" -eq 1 ]
	[[ "$output" == *"ended before it held anything: is it fdferry?" ]]
	run fdferry upgrade --program notes.txt
	[ "$status" -eq 1 ]
	[[ "$output" == "fdferry upgrade: notes.txt is no program: "* ]]
	run fdferry upgrade --program nowhere
	[ "$status" -eq 1 ]
	[[ "$output" == *"cannot open the program nowhere: "* ]]
	run fdferry upgrade more
	[ "$status" -eq 2 ]
	[ "$(broker)" = "$old" ]
	fdferry get kept
	store_stop
}

@test "without a store there is nothing to upgrade" {
	run fdferry upgrade --store nowhere
	[ "$status" -eq 1 ]
	[[ "$output" == "fdferry upgrade: cannot open the store nowhere: "* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The test vectors of fdferry-store(5), spoken to a store that runs: each file of vectors/ to one of its own.

load ../cli/helper
setup() {
	common_setup
	vectors=$BATS_TEST_DIRNAME/vectors
	PATH=$(dirname "$(command -v fdferry)")/tests/store/speak:$PATH
}
teardown() {
	ended
	common_teardown
}

begun() { # OPTION...: a store, in the directory s
	fdferry store --store s "$@" 2>store.err 3>&- &
	pids+=("$!")
	await s/store
}

ended() {
	if [ "${#pids[@]}" -gt 0 ]; then
		kill "${pids[0]}"
		wait "${pids[0]}" || :
	fi
	pids=()
}

spoken() { # FILE OPTION...
	begun "${@:2}"
	speak s "$1"
}

@test "put, get, list, remove" {
	spoken "$vectors/put.txt"
}

@test "one name for several; NEW=1 is EEXIST, REPLACE=1" {
	spoken "$vectors/names.txt"
}

@test "by name, pattern, id and range" {
	spoken "$vectors/select.txt"
}

@test "take: EBUSY for a second one, ESTALE for a late one, ENOENT when all is gone" {
	spoken "$vectors/take.txt"
}

@test "what is repeated after a death is done once, and EOPNOTSUPP as something else" {
	spoken "$vectors/repeat.txt"
}

@test "events, and EBUSY for a watcher that asks" {
	spoken "$vectors/watch.txt"
}

@test "the notify door" {
	spoken "$vectors/notify.txt"
}

@test "refusals: EINVAL, EBADMSG, ENOENT" {
	spoken "$vectors/refused.txt"
}

@test "one descriptor too many is ENOSPC" {
	# shellcheck disable=SC2016 # speak's numbers
	printf '%s\n' '1> OP=put' '1> NAME=a' '1> [m1 m2]' '' '1< ERRNO=0' '1< ID=$a' '1< COUNT=2' '' \
		'1> OP=put' '1> NAME=a' '1> [m3]' '' '1< ERRNO=$ENOSPC' '1< WHY=*' >full.txt
	spoken "$PWD/full.txt" --max-fds 2
}

@test "4097 bytes are EMSGSIZE, and the connection goes on" {
	# shellcheck disable=SC2016 # speak's numbers
	{
		printf '1> OP=get\n'
		for _ in $(seq 6); do
			printf '1> NAME=%0700d\n' 0
		done
		printf '%s\n' '' '1< ERRNO=$EMSGSIZE' '1< WHY=*' '' '1> OP=list' '' '1< ERRNO=0'
	} >long.txt
	spoken "$PWD/long.txt"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry recv -- CMD: the numbers in CMD's words.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

# What CMD prints when two descriptors come.
told() { # OPTION... -- CMD [ARG...]
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	start fdferry recv "${options[@]}" sock "$@"
	fdferry send --wait 5s sock notes.txt notes.txt
	finish
	printf '%s\n' "$output"
	return "$status"
}

@test "{fd:N} in CMD's words is the number of the descriptor" {
	[ "$(told -- echo '{fd:0}' '{fd:1}')" = '3 4' ]
	[ "$(told -- echo '--fd={fd:1},{fd:0}!' '{fd:01}')" = '--fd=4,3! 4' ]
	[ "$(told -- cat '/dev/fd/{fd:0}')" = 'written by B' ]
	printf '#!/bin/sh\necho it runs\n' >script
	chmod +x script
	start fdferry recv sock -- '/dev/fd/{fd:0}'
	fdferry send --wait 5s sock script
	finish
	[ "$output" = 'it runs' ]
}

@test "with --stdin and --stdio the first is 0, and the names begin at 3" {
	[ "$(told --stdin -- echo '{fd:0} {fd:1}')" = '0 3' ]
	[ "$(told --stdin --names web -- echo '{fd:web} {fd:1}')" = '3 3' ]
	: >written
	start fdferry recv --stdio sock -- echo '{fd:0} {fd:1}'
	fdferry send --wait 5s sock file:written,rw notes.txt
	finish
	[ "$(cat written)" = '0 3' ]
}

@test "{fd:NAME} is the one that --names calls so, the first of them" {
	[ "$(told --names web,log -- echo '{fd:log} {fd:web}')" = '4 3' ]
	[ "$(told --names web,web -- echo '{fd:web}')" = '3' ]
	[ "$(told --names we,web -- echo '{fd:web}')" = '4' ]
}

@test "anything else stays as it is" {
	[ "$(told -- echo '{fd:0' '{fd}' '{{fd:0}}' '{FD:0}' 'fd:0}' '{}' '{{' '')" = \
		'{fd:0 {fd} {3} {FD:0} fd:0} {} {{ ' ]
	# Nothing that comes in a message is looked at.
	start fdferry recv sock -- sh -c 'echo "$FDFERRY_DATA" | base64 -d'
	fdferry send --wait 5s --data '{fd:0}' sock notes.txt
	finish
	[ "$output" = '{fd:0}' ]
}

@test "without such a descriptor CMD is not run" {
	for word in '{fd:2}' 'x{fd:0}{fd:2}y'; do
		start fdferry recv sock -- echo ran "$word"
		fdferry send --wait 5s sock notes.txt notes.txt
		finish
		[ "$status" -eq 1 ]
		[ "$output" = '' ]
		one_line 'there are not so many descriptors' "'echo' was not run"
		[ ! -e sock ]
	done
}

@test "a name that is not one of --names is refused before anything is received" {
	for options in '--names web,log' '--names webb' '--names we' ''; do
		for word in '{fd:wen}' '{fd:}' '{fd:-1}' '{fd:0x1}'; do
			# shellcheck disable=SC2086 # a list of words
			fails 1 fdferry recv $options --timeout 10s sock -- echo ran "$word"
			one_line "$word: --names has no such name" "'echo' was not run"
			[ "$output" = '' ]
		done
	done
	fails 1 fdferry recv --timeout 10s sock -- echo ran '{fd:18446744073709551616}'
	one_line 'there are not so many descriptors'
}

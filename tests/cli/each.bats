#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry recv -- CMD: the numbers in CMD's words, and one CMD for every message.

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
			one_line "$word: no descriptor is called so" "'echo' was not run"
			[ "$output" = '' ]
		done
	done
	fails 1 fdferry recv --timeout 10s sock -- echo ran '{fd:18446744073709551616}'
	one_line 'there are not so many descriptors'
}

send_data() { # DATA... : a message for each
	local data
	for data in "$@"; do
		fdferry send --wait 5s --data "$data" sock notes.txt
	done
}

await_lines() { # FILE N: bounded
	for _ in $(seq 500); do
		[ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ] && return 0
		sleep 0.01
	done
	echo "$1 has no $2 lines"
	return 1
}

@test "--each runs one CMD for every message, with its descriptors and its data" {
	printf 'second\n' >second
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --each --messages 3 sock -- sh -c \
			'echo "$LISTEN_FDS $((LISTEN_PID - $$)) ${FDFERRY_DATA-none}"; cat <&3'
		fdferry send --wait 5s --data a sock notes.txt
		fdferry send --data b sock second notes.txt
		fdferry send sock second
		finish
		[ "$status" -eq 0 ]
		last=none
		[ "$type" != stream ] || last=AA==
		[ "$output" = "$(printf '1 0 YQ==\nwritten by B\n2 0 Yg==\nsecond\n1 0 %s\nsecond' $last)" ]
		[ ! -e sock ]
	done
}

@test "the socket stays while CMD runs, and the next message waits" {
	start fdferry recv --each --messages 2 sock -- sh -c \
		'echo begin >>log; for i in $(seq 500); do [ -e go ] && break; sleep 0.02; done; echo end >>log'
	send_data a
	await_lines log 1
	[ -S sock ]
	send_data b
	[ "$(cat log)" = begin ]
	: >go
	finish
	[ "$status" -eq 0 ]
	[ "$(tr '\n' ' ' <log)" = 'begin end begin end ' ]
	[ ! -e sock ]
}

@test "recv holds as many descriptors at the tenth message as at the first" {
	# The least of several looks: until recv has seen that CMD runs it still holds CMD's.
	cat >look.sh <<-'L'
		least=9999
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			n=$(ls "/proc/$1/fd" | wc -l)
			[ "$n" -ge "$least" ] || least=$n
			sleep 0.01
		done
		echo "$least"
	L
	start fdferry recv --each --messages 10 sock -- sh -c 'sh look.sh $PPID'
	send_data 1 2 3 4 5 6 7 8 9 10
	finish
	[ "$(wc -l <out)" -eq 10 ]
	[ "$(sort -u out | wc -l)" -eq 1 ]
}

@test "the status is that of the first CMD that failed" {
	start fdferry recv --each --messages 4 sock -- sh -c 'exit "$(echo "$FDFERRY_DATA" | base64 -d)"'
	send_data 0 7 9 0
	finish
	[ "$status" -eq 7 ]
	start fdferry recv --each --messages 2 sock -- sh -c 'kill -KILL $$'
	send_data 0 0
	finish
	[ "$status" -eq 137 ]
	start fdferry recv --each --messages 2 sock -- ./no-such-command
	send_data 0 0
	finish
	[ "$status" -eq 127 ]
	[ "$(grep -c "cannot run './no-such-command'" err)" -eq 2 ]
}

@test "a message that is refused does not run CMD, and the next does" {
	start fdferry recv --each --fds 1 --messages 3 sock -- sh -c 'echo ran; exit 7'
	fdferry send --wait 5s sock notes.txt notes.txt
	send_data a
	fdferry send --wait 5s sock notes.txt notes.txt
	finish
	[ "$status" -eq 1 ]
	[ "$output" = ran ]
	[ "$(grep -c 'more descriptors than asked for' err)" -eq 2 ]
	start fdferry recv --each --fds 1 --messages 2 sock -- sh -c 'echo ran; exit 7'
	send_data a
	fdferry send --wait 5s sock notes.txt notes.txt
	finish
	[ "$status" -eq 7 ]
	[ "$output" = ran ]
}

@test "nor does one that has too few descriptors" {
	start fdferry recv --each --messages 2 sock -- echo 'ran {fd:1}'
	send_data a
	fdferry send --wait 5s sock notes.txt notes.txt
	finish
	[ "$status" -eq 1 ]
	[ "$output" = 'ran 4' ]
	one_line 'there are not so many descriptors'
	start fdferry recv --each --messages 2 --names web,log sock -- echo ran
	send_data a
	fdferry send --wait 5s sock notes.txt notes.txt
	finish
	[ "$status" -eq 1 ]
	[ "$output" = ran ]
	one_line '2 names for 1 descriptor'
	start fdferry recv --each --messages 2 sock -- echo ran
	await sock
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, "x", 0, pack_sockaddr_un("sock"))'
	send_data a
	finish
	[ "$status" -eq 1 ]
	[ "$output" = ran ]
	one_line 'no descriptor has come' "'echo' was not run"
}

@test "--messages 0 goes on until a signal, and dies of it" {
	start fdferry recv --each --messages 0 sock -- sh -c 'echo "$LISTEN_FDS" >>log'
	send_data a b c
	await_lines log 3
	for _ in $(seq 500); do # the last CMD has ended when recv waits again
		[ -z "$(cat "/proc/$pid/task/$pid/children")" ] && break
		sleep 0.01
	done
	kill -TERM "$pid"
	finish
	[ "$status" -eq 143 ]
	[ "$(wc -l <log)" -eq 3 ]
	[ ! -e sock ]
}

@test "a signal while CMD runs reaches it, and ends recv when CMD has ended" {
	for signal in TERM USR1; do
		rm -f log
		start fdferry recv --each --messages 2 sock -- sh -c \
			"trap 'echo got it >>log; exit 0' $signal; echo ready >>log; for i in \$(seq 200); do sleep 0.05; done"
		send_data a b
		await_lines log 1
		kill -"$signal" "$pid"
		finish
		[ "$status" -eq $((128 + $(kill -l "$signal"))) ]
		[ "$(tr '\n' ' ' <log)" = 'ready got it ' ]
		[ ! -e sock ]
	done
}

@test "--timeout with --each: 3, unless a CMD failed before" {
	start fdferry recv --each --messages 0 --timeout 300ms sock -- true
	send_data a
	finish
	[ "$status" -eq 3 ]
	one_line 'no message on sock'
	start fdferry recv --each --messages 0 --timeout 300ms sock -- sh -c 'exit 7'
	send_data a
	finish
	[ "$status" -eq 7 ]
	[ ! -e sock ]
}

@test "--each on a connection that is already there ends with it" {
	cat >pair.pl <<-'P'
		use Socket;
		socketpair(A, B, AF_UNIX, SOCK_SEQPACKET, 0) or die;
		if (!fork) {
			close A; open STDOUT, '>&B'; open STDIN, '</dev/null'; close B;
			system 'fdferry', 'send', '-', 'notes.txt' for 1, 2;
			exit;
		}
		close B; open STDIN, '<&A'; close A;
		exec 'fdferry', 'recv', '--each', '--messages', '0', '-', '--', 'cat', '/dev/fd/{fd:0}';
	P
	start perl pair.pl
	finish
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf 'written by B\nwritten by B')" ]
}

@test "--each needs a command" {
	fails 2 fdferry recv --each sock
	one_line 'behind --'
	fails 2 fdferry recv --messages 0 sock -- true
	one_line '--each'
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry send --confirm: has the message left the receiver's queue?

load helper
setup() { common_setup; }
teardown() { common_teardown; }

# A receiver that takes nothing out of its queue until a file "take" is there, and says what it took.
cat_slowly() { # TYPE
	cat >slow.pl <<-'P'
		use Socket;
		my %types = (dgram => SOCK_DGRAM, stream => SOCK_STREAM, seqpacket => SOCK_SEQPACKET);
		my $type = $types{$ARGV[0]};
		sub wait_for { for (1 .. 1000) { return if -e $_[0]; select undef, undef, undef, 0.01 } exit 1 }
		socket(L, AF_UNIX, $type, 0) && bind(L, pack_sockaddr_un('sock')) or die $!;
		my $from = \*L;
		if ($type != SOCK_DGRAM) {
			listen(L, 1);
			wait_for('accept');
			accept(C, L) or die $!;
			$from = \*C;
		}
		wait_for('take');
		unlink 'sock';
		exit if -e 'close';
		recv($from, my $data, 9, 0);
		print length $data;
		wait_for('end');
	P
	rm -f accept take close end
	start perl slow.pl "$1"
	await sock
	[ "$1" = dgram ] || for _ in $(seq 500); do # bound is not listening yet
		grep -q ' 00010000 .*sock$' /proc/net/unix && break
		sleep 0.01
	done
}

# Sends to sock in the background, and comes back when it waits: it has sent then, since sock is there.
send_and_wait() { # OPTION...
	fdferry send --confirm --wait 10s "$@" sock notes.txt 2>err2 3>&- &
	sending=$!
	local comm state
	for _ in $(seq 500); do
		read -r _ comm state _ <"/proc/$sending/stat"
		[ "$comm $state" = '(fdferry) S' ] && return 0
		sleep 0.01
	done
	echo 'the sender does not wait'
	return 1
}

sent() { # its status in $sent
	sent=0
	wait "$sending" || sent=$?
}

@test "it is done when the message has been read, for every type" {
	for type in dgram stream seqpacket; do
		cat_slowly "$type"
		send_and_wait
		: >accept
		: >take
		sent
		[ "$sent" -eq 0 ]
		: >end
		finish
		case $type in
		dgram) [ "$output" = 0 ] ;;
		*) [ "$output" = 1 ] ;;
		esac
	done
}

@test "it is 3 while the message is in the queue, whether accepted or not" {
	for type in dgram stream seqpacket; do
		for accepted in no yes; do
			cat_slowly "$type"
			[ "$accepted" = no ] || : >accept
			fails 3 fdferry send --confirm --wait 100ms sock notes.txt
			one_line 'not taken out of its queue in the time given' 'still there'
			fails 3 fdferry send --confirm --wait 0s sock notes.txt
			# It was sent all the same, and can be read.
			: >accept
			: >take
			: >end
			finish
			[ "$status" -eq 0 ]
			[ -n "$output" ]
		done
	done
}

@test "it is 1 when the connection was closed with the message unread" {
	for type in stream seqpacket; do
		for data in '' more; do
			cat_slowly "$type"
			send_and_wait --data "$data"
			: >accept
			: >close
			: >take
			sent
			finish
			error=$(cat err2)
			[ "$sent" -eq 1 ]
			one_line 'closed with it unread' 'send it again'
		done
	done
}

@test "and when the listener is closed with the connection in its backlog" {
	for type in stream seqpacket; do
		cat_slowly "$type"
		send_and_wait
		kill "$pid"
		wait "$pid" || true
		pids=()
		rm sock
		sent
		error=$(cat err2)
		[ "$sent" -eq 1 ]
		one_line 'closed with it unread'
	done
}

@test "what has left the queue is all it says: a refused message has, too" {
	start fdferry recv --fds 1 sock
	await sock
	fdferry send --confirm --wait 10s sock notes.txt notes.txt
	finish
	[ "$status" -eq 1 ]
}

@test "a datagram that is thrown away with its socket has left, too" {
	cat_slowly dgram
	send_and_wait
	: >close
	: >take
	sent
	finish
	[ "$sent" -eq 0 ]
}

@test "the message is the same as without it, but for an empty one on seqpacket" {
	for type in dgram stream seqpacket; do
		start fdferry recv -t "$type" --json sock
		fdferry send --confirm --wait 10s --data hi sock notes.txt
		finish
		[ "$(jq -r .data out)" = aGk= ]
		start fdferry recv -t "$type" --json sock
		fdferry send --confirm --wait 10s sock notes.txt
		finish
		[ "$type $(jq -r .data out)" = "$type $([ "$type" = dgram ] || echo AA==)" ]
	done
}

@test "a listener whose message is still queued keeps its file" {
	cat_slowly dgram
	fails 3 fdferry send --confirm --wait 100ms sock unix-listen:listener
	[ -S listener ]
	: >take
	: >end
	finish
	rm listener
}

@test "a socket that was there before is asked about, too" {
	cat >pair.pl <<-'P'
		use Socket;
		socketpair(A, B, AF_UNIX, SOCK_SEQPACKET, 0) or die;
		open STDIN, '<&B';
		exit system('fdferry', 'send', '--confirm', '--wait', '100ms', '-', 'notes.txt') >> 8;
	P
	fails 3 perl pair.pl
	one_line 'sent to -,' 'still there'
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry recv: what it prints, what it runs, how it ends.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

@test "prints a line for the message and one for each descriptor" {
	start fdferry recv sock
	fdferry send --wait 5s --data $'two\nlines' sock notes.txt file:notes.txt,append
	finish
	[ "$status" -eq 0 ]
	[ "${#output}" -gt 0 ]
	mapfile -t line <out
	[ "${#line[@]}" -eq 3 ]
	[ "${line[0]}" = 'message 1: 9 bytes "two\x0alines", 2 descriptors' ]
	[ "${line[1]}" = "  file $PWD/notes.txt ro offset 0 size 13" ]
	[ "${line[2]}" = "  file $PWD/notes.txt wo offset 0 size 13 append" ]
}

@test "--json prints one object a line with exactly the documented keys" {
	start fdferry recv --json --messages 2 sock
	fdferry send --wait 5s --data 'hi' sock file:notes.txt,rw
	fdferry send sock memfd:notes.txt
	finish
	[ "$(wc -l <out)" -eq 2 ]
	[ "$(jq -c 'keys_unsorted' out | head -n 1)" = '["data","from","fds"]' ]
	[ "$(jq -c '.fds[0] | keys_unsorted' out | head -n 1)" = \
		'["kind","path","access","offset","size","flags"]' ]
	[ "$(jq -r '.data' out | head -n 1 | base64 -d)" = 'hi' ]
	[ "$(jq -c '[.from, .fds[0].kind, .fds[0].access, .fds[0].offset, .fds[0].size]' out)" = \
		"$(printf '%s\n%s' '[null,"file","rw",0,13]' '[null,"memfd","rw",0,13]')" ]
}

@test "a path that is no UTF-8 and has quotes is still JSON" {
	name=$(printf 'a"\\\001\377b')
	cp notes.txt "$name"
	start fdferry recv --json sock
	fdferry send --wait 5s sock "./$name"
	finish
	[ "$(jq -r '.fds[0].path' out)" = "$PWD/$(printf 'a"\\\001\357\277\275b')" ]
}

@test "control characters of a path are escaped in JSON, those of 8 bits too" {
	cp notes.txt $'a\xc2\x80\xc2\x9b31m\x9b\xed\xa0\x80\xc2\xa0\x7f'
	start fdferry recv --json sock
	fdferry send --wait 5s sock ./a*
	finish
	[[ "$output" == *'/a\u0080\u009b31m\ufffd\ufffd\ufffd\ufffd'$'\xc2\xa0''\u007f"'* ]]
	jq -e . out
}

@test "the source address of a named sender" {
	start fdferry recv --json sock
	await sock
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un("me"));
		send(S, "x", 0, pack_sockaddr_un("sock")) or die $!; unlink "me"'
	finish
	[ "$(jq -c '[.from, .data, .fds]' out)" = '["me","eA==",[]]' ]
}

@test "CMD gets 3, 4, ... and LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES" {
	printf 'second\n' >second
	start fdferry recv --names web,log sock -- sh -c \
		'echo "$LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID - $$))"; cat <&3; cat <&4'
	fdferry send --wait 5s sock notes.txt second
	finish
	[ "$output" = "$(printf '2 web:log 0\nwritten by B\nsecond')" ]
}

@test "a descriptor without a name is unknown, a name without a descriptor refused" {
	start fdferry recv --names web sock -- sh -c 'echo "$LISTEN_FDNAMES"'
	fdferry send --wait 5s sock notes.txt notes.txt notes.txt
	finish
	[ "$output" = 'web:unknown:unknown' ]
	start fdferry recv --names web,log sock -- echo not run
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$status" -eq 1 ]
	[ "$output" = '' ]
	one_line '2 names for 1 descriptor'
}

@test "CMD has nothing of the caller's LISTEN_FDS, and its data in FDFERRY_DATA" {
	export LISTEN_FDS=7 LISTEN_PID=1 LISTEN_FDNAMES=x LISTEN_PIDFDID=1
	start fdferry recv --stdin sock -- sh -c \
		'echo "${LISTEN_FDS-} ${LISTEN_PID-} ${LISTEN_FDNAMES-} ${LISTEN_PIDFDID-}$FDFERRY_DATA"'
	fdferry send --wait 5s --data hi sock notes.txt
	finish
	[ "$output" = '   aGk=' ]
}

@test "CMD has the descriptors, none of ours, and the signals of the caller" {
	# What bats itself has left open is closed first: 5 is the directory that ls reads.
	start perl -MPOSIX -e 'POSIX::close($_) for 3..999; exec @ARGV' fdferry recv sock -- sh -c \
		'ls /proc/self/fd | sort -n | tr "\n" " "; grep -E "Sig(Blk|Ign)" /proc/self/status'
	fdferry send --wait 5s sock notes.txt notes.txt
	finish
	[ "${output%%Sig*}" = '0 1 2 3 4 5 ' ]
	signals=SigBlk${output#*SigBlk}
	start grep -E 'Sig(Blk|Ign)' /proc/self/status
	finish
	[ "$signals" = "$output" ]
}

@test "with --stdin the others begin at 3" {
	printf 'second\n' >second
	start fdferry recv --stdin sock -- sh -c 'cat; echo "$LISTEN_FDS"; cat <&3'
	fdferry send --wait 5s sock notes.txt second
	finish
	[ "$output" = "$(printf 'written by B\n1\nsecond')" ]
}

@test "several messages become one list" {
	printf 'second\n' >second
	start fdferry recv --messages 2 sock -- sh -c 'echo "$LISTEN_FDS"; cat <&3; cat <&4'
	fdferry send --wait 5s sock notes.txt
	fdferry send sock second
	finish
	[ "$output" = "$(printf '2\nwritten by B\nsecond')" ]
}

# The second message takes the number that the first connection leaves, which one of the first is for.
@test "their order is kept whatever numbers they had with us" {
	cat >two.pl <<-'P'
		use Socket;
		$^F = 99;
		for (0, 1) {
			socket($s[$_], AF_UNIX, SOCK_STREAM, 0);
			connect($s[$_], pack_sockaddr_un("sock")) or die;
		}
		for (1 .. 500) {
			last if (() = glob("/proc/$ARGV[0]/fd/*")) >= $ARGV[1] + 2;
			select(undef, undef, undef, 0.01);
		}
		system("fdferry", "send", "fd:" . fileno($s[0]), ("notes.txt") x 12);
		close($s[0]);
		select(undef, undef, undef, 0.1);
		system("fdferry", "send", "fd:" . fileno($s[1]), "second");
	P
	printf 'second\n' >second
	start fdferry recv -t stream --messages 2 sock -- \
		sh -c 'readlink /proc/self/fd/14 /proc/self/fd/15; cat /dev/fd/15'
	await sock
	perl two.pl "$pid" "$(ls "/proc/$pid/fd" | wc -l)"
	finish
	[ "$output" = "$(printf '%s\n' "$PWD/notes.txt" "$PWD/second" second)" ]
}

@test "CMD's status is ours, 128 + its signal too" {
	start fdferry recv sock -- sh -c 'exit 7'
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$status" -eq 7 ]
	start fdferry recv sock -- sh -c 'kill -TERM $$'
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$status" -eq 143 ]
}

@test "a command that is not there is 127, one that cannot be run 126" {
	start fdferry recv sock -- ./no-such-command
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$status" -eq 127 ]
	one_line "cannot run './no-such-command'"
	start fdferry recv sock -- ./notes.txt
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$status" -eq 126 ]
}

@test "a signal for us reaches CMD" {
	start fdferry recv sock -- sh -c 'trap "echo got it; exit 9" TERM; : >ready; while :; do sleep 0.05; done'
	fdferry send --wait 5s sock notes.txt
	for _ in $(seq 500); do
		[ -e ready ] && break
		sleep 0.01
	done
	kill -TERM "$pid"
	finish
	[ "$status" -eq 9 ]
	[ "$output" = 'got it' ]
}

@test "the socket file is gone when a signal ends it, and it dies of the signal" {
	for signal in TERM INT HUP QUIT USR1; do
		# A background process of a shell without job control ignores INT and QUIT: ask env.
		start env --default-signal=INT,QUIT fdferry recv --messages 0 sock
		await sock
		kill -"$signal" "$pid"
		finish
		[ "$status" -eq $((128 + $(kill -l "$signal"))) ]
		[ ! -e sock ]
	done
}

@test "SIGHUP that nohup ignores stays ignored" {
	start nohup fdferry recv sock
	await sock
	kill -HUP "$pid"
	fdferry send sock notes.txt
	finish
	[ "$status" -eq 0 ]
}

@test "--messages 0 goes on until a signal" {
	start fdferry recv --messages 0 sock
	for i in 1 2 3; do
		fdferry send --wait 5s --data "$i" sock notes.txt
	done
	for _ in $(seq 500); do
		[ "$(grep -c '^message' out)" -eq 3 ] && break
		sleep 0.01
	done
	kill -TERM "$pid"
	finish
	[ "$(grep -c '^message' out)" -eq 3 ]
	[ "$(grep -c 'notes.txt' out)" -eq 3 ]
}

@test "--timeout is 3, and takes the file away" {
	fails 3 fdferry recv --timeout 50ms sock
	one_line 'no message on sock'
	[ ! -e sock ]
}

@test "--mode is exact whatever the umask, and 0600 if left out" {
	umask 077
	for mode in 0600 0666 0640; do
		start fdferry recv --mode "$mode" sock
		await sock
		[ "0$(stat -c %a sock)" = "$mode" ]
		fdferry send sock notes.txt
		finish
	done
	umask 0
	start fdferry recv sock
	await sock
	[ "$(stat -c %a sock)" = 600 ]
	fdferry send sock notes.txt
	finish
}

@test "more descriptors than --fds are refused, and CMD is not run" {
	start fdferry recv --fds 1 sock -- echo ran
	fdferry send --wait 5s sock notes.txt notes.txt
	finish
	[ "$status" -eq 1 ]
	[ "$output" = '' ]
	one_line 'more descriptors than asked for'
}

@test "a refused message does not keep the next from coming" {
	start fdferry recv --fds 1 --messages 2 sock
	fdferry send --wait 5s sock notes.txt notes.txt
	fdferry send --data good sock notes.txt
	finish
	[ "$status" -eq 1 ]
	[[ "$output" == 'message 2: 4 bytes "good", 1 descriptor'* ]]
}

@test "a message without a descriptor does not run CMD" {
	start fdferry recv sock -- echo ran
	await sock
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, "x", 0, pack_sockaddr_un("sock"))'
	finish
	[ "$status" -eq 1 ]
	one_line 'no descriptor has come' 'was not run'
}

@test "a connection that says nothing keeps nobody from being heard" {
	start fdferry recv -t stream sock
	await sock
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un("sock")); sleep 60' 3>&- &
	silent=$!
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un("sock"))'
	fdferry send sock notes.txt
	finish
	kill "$silent"
	[ "$status" -eq 0 ]
	[[ "$output" == 'message 1: 1 byte "\x00", 1 descriptor'* ]]
}

@test "more connections that say nothing than there is room for keep nobody from being heard" {
	for type in stream seqpacket; do
		start fdferry recv -t "$type" --messages 3 sock
		await sock
		printf '%s\n' 'use Socket; my $type = $ARGV[0] eq "stream" ? SOCK_STREAM : SOCK_SEQPACKET;' \
			'sub new { socket(my $s, AF_UNIX, $type, 0); connect($s, pack_sockaddr_un("sock")) or die; $s }' \
			'my $first = new(); my @silent = map { new() } 1..150;' \
			'$| = 1; print "there\n"; <STDIN>; print sysread($first, my $end, 1)' >many.pl
		mkfifo in
		perl many.pl "$type" <in >said 3>&- &
		many=$!
		exec 8>in
		for _ in $(seq 500); do
			[ -s said ] && break
			sleep 0.01
		done
		fdferry send sock notes.txt
		fdferry send sock notes.txt
		fdferry send sock notes.txt
		finish
		exec 8>&-
		wait "$many"
		rm in
		[ "$status" -eq 0 ]
		[ "$(grep -c 'gave way to another' err)" -ge 86 ]
		[ "$(cat said)" = "$(printf 'there\n0')" ] # the first was closed
	done
}

@test "a stale socket file is replaced, a live one and another file are not" {
	start fdferry recv sock
	await sock
	fails 1 fdferry recv sock
	one_line 'cannot bind sock' 'a running process serves it'
	kill -KILL "$pid"
	wait "$pid" || true
	pids=()
	[ -S sock ]
	start fdferry recv sock
	fdferry send --wait 5s sock notes.txt
	finish
	[ "$status" -eq 0 ]
	fails 1 fdferry recv notes.txt
	one_line 'cannot bind notes.txt' 'it is not a socket'
	[ "$(cat notes.txt)" = 'written by B' ]
}

@test "the file of whoever took the name over is left alone" {
	start fdferry recv sock
	await sock
	first=$pid
	mv sock moved
	start fdferry recv sock
	await sock
	kill -TERM "$first"
	wait "$first" || true
	[ -S sock ]
	fdferry send sock notes.txt
	finish
	[ "$status" -eq 0 ]
	rm moved
}

@test "a standard output that nobody reads is an error, and the file is gone" {
	( trap '' PIPE; fdferry recv sock 2>err 3>&- | true ) &
	reader=$!
	fdferry send --wait 5s sock notes.txt
	wait "$reader" || true
	[ ! -e sock ]
}

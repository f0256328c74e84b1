#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry send: what can be sent, and what it says when it cannot.

load helper
setup() { common_setup; }
teardown() { common_teardown; }

sent() { # WHAT... : sends, and prints what arrived as JSON
	start fdferry recv --json sock
	fdferry send --wait 5s sock "$@" || { kill "$pid"; finish; return 1; }
	finish
	cat out
}

@test "access modes" {
	for pair in notes.txt=ro file:notes.txt=ro file:notes.txt,ro=ro file:notes.txt,rw=rw \
		file:notes.txt,wo=wo file:notes.txt,append=wo file:notes.txt,rw,append=rw; do
		[ "$(sent "${pair%=*}" | jq -r '.fds[0].access')" = "${pair#*=}" ]
	done
	[ "$(sent file:notes.txt,append | jq -c '.fds[0].flags')" = '["append"]' ]
}

@test "create makes the file, 0600, and does not empty one that is there" {
	umask 0
	[ "$(sent file:new,create | jq -r '.fds[0].access')" = rw ]
	[ "$(stat -c %a new)" = 600 ]
	sent file:notes.txt,create
	[ "$(cat notes.txt)" = 'written by B' ]
}

@test "a comma in a path is written with a backslash" {
	cp notes.txt 'a,b'
	[ "$(sent 'file:a\,b,rw' | jq -r '.fds[0].path')" = "$PWD/a,b" ]
	[ "$(sent 'a,b' | jq -r '.fds[0].path')" = "$PWD/a,b" ]
}

@test "memfd: is a copy that nobody can change" {
	start fdferry recv --stdio sock -- sh -c 'cat >&2; echo more'
	fdferry send --wait 5s sock memfd:notes.txt
	finish
	[ "$status" -ne 0 ]
	[[ "$error" == 'written by B'* ]]
	[ "$(cat notes.txt)" = 'written by B' ]
}

@test "fd:N is the descriptor that the caller has open" {
	exec 6<notes.txt
	read -r -n 3 _ <&6
	[ "$(sent fd:6 | jq -c '.fds[0] | [.kind, .access]')" = '["file","ro"]' ]
	exec 6<&-
	fails 1 fdferry send sock fd:9
	one_line 'fd:9' 'Bad file descriptor'
}

@test "nothing is sent unless all can be opened" {
	start fdferry recv --timeout 300ms sock
	await sock
	fails 1 fdferry send sock notes.txt no-such-file
	one_line 'cannot open no-such-file' 'file:PATH,create'
	finish
	[ "$status" -eq 3 ]
}

@test "the error says what to do" {
	fails 1 fdferry send notes.txt notes.txt
	one_line 'notes.txt' 'not a socket'
	fails 1 fdferry send sock file:no-such-dir/new,create
	one_line 'file:no-such-dir/new,create' 'make its directory first'
	fails 1 fdferry send sock memfd:no-such-file
	one_line 'memfd:no-such-file: No such file'
	[[ "$error" != *create* ]]
	fails 1 fdferry send nobody notes.txt
	one_line 'cannot connect to nobody' 'No such file' '--wait 5s'
	fails 1 fdferry send notes.txt notes.txt
	one_line 'cannot connect to notes.txt' 'nobody serves it'
	fails 3 fdferry send --wait 50ms nobody notes.txt
	one_line 'all the time it was waited for'
	start fdferry recv sock
	await sock
	fails 1 fdferry send -t stream sock notes.txt
	one_line 'another type' 'leave -t out'
	kill "$pid"
	finish
}

@test "a full queue is an error without --wait, and waited for with it" {
	start fdferry recv --messages 0 sock
	await sock
	kill -STOP "$pid"
	for _ in $(seq 1000); do
		fdferry send sock notes.txt 2>err || break
	done
	error=$(cat err)
	one_line "the receiver's queue is full" '--wait 5s'
	fails 3 fdferry send --wait 50ms sock notes.txt
	( fdferry send --wait 10s sock notes.txt 3>&-; echo $? >sent ) &
	waiting=$!
	kill -CONT "$pid"
	wait "$waiting"
	[ "$(cat sent)" = 0 ]
	kill "$pid"
	finish
}

@test "a stream message that has begun is finished, or told how far it came" {
	# The queue takes one message of 130000 bytes and a part of the next.
	cat >half.pl <<'END'
use Socket;
socketpair(A, B, AF_UNIX, SOCK_STREAM, 0); setsockopt(A, SOL_SOCKET, SO_SNDBUF, 106496); open STDIN, '<&A';
sub begin { my $pid = fork; exec 'fdferry', 'send', @_, '--data', 'x' x 130000, '-', 'notes.txt' if !$pid; $pid }
sub end { waitpid($_[0], 0); print $? >> 8, "\n" }
sub drain { for (my $left = $_[0]; $left > 0;) { my $n = sysread(B, my $got, $left) or die; $left -= $n } }
end(begin()); end(begin('--wait', '50ms'));
open E, '<err'; <E> =~ / (\d+) of 130000 bytes/ or die; drain(130000 + $1);
end(begin()); my $last = begin(); select undef, undef, undef, 0.2; drain(260000); end($last);
close STDIN; close A; print 'rest ', sysread(B, my $rest, 1), "\n";
END
	start perl half.pl
	finish
	[ "$output" = "$(printf '0\n3\n0\n0\nrest 0')" ]
	one_line 'sent to - the descriptors and ' ' of 130000 bytes, then: ' 'queue is full'
}

@test "control characters of a name do not reach the terminal" {
	fails 1 fdferry send sock $'no\e[31m\nsuch\x7f'
	one_line 'no\x1b[31m\x0asuch\x7f'
	# Those of 8 bits, as characters and as a byte; what is no UTF-8; and what is
	fails 1 fdferry send sock $'no\xc2\x80\xc2\x9b31m\x9bsuch\xff\xc0\x80\xc3\xa4\xe2\x82\xac'
	one_line 'no\xc2\x80\xc2\x9b31m\x9bsuch\xff\xc0\x80'$'\xc3\xa4\xe2\x82\xac'
}

@test "usage errors are 2" {
	fails 2 fdferry send
	one_line 'SOCKET WHAT...'
	fails 2 fdferry send sock
	fails 2 fdferry send --nonsense sock notes.txt
	one_line "unknown option '--nonsense'" 'fdferry send --help'
	fails 2 fdferry send -x sock notes.txt
	one_line "unknown option '-x'"
	fails 2 fdferry send sock notes.txt --wait
	one_line "option '--wait' needs an argument"
	fails 2 fdferry send --wait 5 sock notes.txt
	one_line "'5' is not a duration"
	fails 2 fdferry send -t datagram sock notes.txt
	fails 2 fdferry send sock file:notes.txt,rx
	one_line "'rx' is none of"
	fails 2 fdferry send sock file:notes.txt,ro,create
	fails 2 fdferry send sock file:,rw
	fails 2 fdferry send sock fd:x
	fails 2 fdferry send sock -
	one_line 'fd:0'
	fails 2 fdferry nonsense
	fails 2 fdferry recv
	fails 2 fdferry recv a b
	one_line 'behind --'
	fails 2 fdferry recv sock --
	fails 2 fdferry recv --mode 0999 sock
	fails 2 fdferry recv --fds 254 sock
	fails 2 fdferry recv --names a sock
	fails 2 fdferry recv --names a:b sock -- cat
	fails 2 fdferry recv --messages 0 sock -- cat
	fails 2 fdferry inspect
	what=()
	for _ in $(seq 254); do what+=(notes.txt); done
	fails 2 fdferry send sock "${what[@]}"
	one_line 'at most 253'
}

@test "- is the socket that is already there, on either side" {
	cat >pair.pl <<-'P'
		use Socket;
		socketpair(A, B, AF_UNIX, $ARGV[0] eq 'seqpacket' ? SOCK_SEQPACKET
			: $ARGV[0] eq 'dgram' ? SOCK_DGRAM : SOCK_STREAM, 0) or die;
		if (!fork) { close A; open STDOUT, '>&B'; open STDIN, '</dev/null'; close B;
			exec 'fdferry', 'send', '-', 'notes.txt' }
		close B; open STDIN, '<&A'; close A;
		exec 'fdferry', 'recv', '-', '--', 'sh', '-c', 'cat <&3';
	P
	for type in stream seqpacket dgram; do
		start perl pair.pl "$type"
		finish
		[ "$status" -eq 0 ]
		[ "$output" = 'written by B' ]
	done
	fails 1 fdferry recv - </dev/null
	one_line 'neither standard input nor standard output is a socket'
	fails 1 fdferry send fd:0 notes.txt </dev/null
}

@test "a TCP socket is refused, which would lose the descriptor and report success" {
	fails 1 perl -MSocket -e 'socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK));
		listen(L, 1); socket(C, PF_INET, SOCK_STREAM, 0); connect(C, getsockname(L)) or die;
		open STDIN, "<&C"; exec "fdferry", "send", "-", "notes.txt"'
	one_line 'only these carry descriptors'
}

@test "inspect tells what a descriptor is" {
	[ "$(fdferry inspect notes.txt)" = "file $PWD/notes.txt ro offset 0 size 13" ]
	[ "$(fdferry inspect fd:0 </dev/null)" = 'char /dev/null ro' ]
	[[ "$(fdferry inspect .)" == "dir $PWD ro"* ]]
	[ "$(fdferry inspect --json memfd:notes.txt | jq -c '[.kind, .size, .flags]')" = \
		'["memfd",13,["seal-seal","seal-shrink","seal-grow","seal-write"]]' ]
	[ "$(perl -MSocket -e 'socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK));
		listen(L, 1); open STDIN, "<&L"; exec "fdferry", "inspect", "--json", "fd:0"' |
		jq -r '[.kind, .path] | join(" ")' | sed 's/[0-9]*$/PORT/')" = 'socket tcp-listen:127.0.0.1:PORT' ]
	fails 1 fdferry inspect no-such-file notes.txt
	[ "$output" = "file $PWD/notes.txt ro offset 0 size 13" ]
}

@test "--help and --version" {
	fdferry --help | grep -q '^  recv'
	for command in send recv inspect; do
		fdferry "$command" --help | grep -q "^usage: fdferry $command"
	done
	[[ "$(fdferry --version)" == 'fdferry '[0-9]* ]]
	fdferry recv sock --help -- cat | grep -q usage
}

@test "closed standard descriptors do no harm" {
	start fdferry recv --json sock
	fdferry send --wait 5s sock notes.txt <&- >&-
	finish
	[ "$(jq -r '.fds[0].path' out)" = "$PWD/notes.txt" ]
}

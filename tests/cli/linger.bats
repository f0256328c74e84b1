#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# fdferry recv ends although somebody has queued what takes for ever to close.

load helper
setup() {
	common_setup
	cat >linger.pl <<-'EOF'
		# Sends notes.txt, and then in the ways that are named a TCP socket that lingers for an hour:
		# closing it last waits until the other end goes, which is when we do.
		use Socket qw(:all);
		use Fcntl;
		$^F = 99;
		my ($path, $type, $mode) = @ARGV;
		socket(my $l, AF_INET, SOCK_STREAM, 0) or die;
		setsockopt($l, SOL_SOCKET, SO_RCVBUF, 2048);
		bind($l, pack_sockaddr_in(0, INADDR_LOOPBACK)) && listen($l, 1) or die;
		socket(my $tcp, AF_INET, SOCK_STREAM, 0) or die;
		connect($tcp, getsockname($l)) && accept(my $end, $l) or die;
		fcntl($tcp, F_SETFL, O_NONBLOCK);
		1 while defined(syswrite($tcp, "x" x 4096));
		setsockopt($tcp, SOL_SOCKET, SO_LINGER, pack("ii", 1, 3600)) or die;
		my $n = fileno($tcp);
		my @kept;
		sub via {
			my @argv = @_;
			$type eq "dgram" and return system("fdferry", "send", $path, @argv);
			my $kind = $type eq "stream" ? SOCK_STREAM : SOCK_SEQPACKET;
			socket(my $s, AF_UNIX, $kind, 0) or die;
			connect($s, pack_sockaddr_un($path)) or die;
			push @kept, $s;
			system("fdferry", "send", "fd:" . fileno($s), @argv);
			$mode eq "behind" and system("fdferry", "send", "fd:" . fileno($s), "fd:$n");
		}
		via("notes.txt");
		$mode eq "next" and via("fd:$n");
		@kept = ();
		close($tcp);
		$| = 1;
		print "there\n";
		<STDIN>;
	EOF
}
teardown() { common_teardown; }

# recv takes notes.txt and ends, with the other still in a queue: in that of the socket, of the
# connection that is served, or of one that nobody has accepted.  Nothing is waited for that has an end:
# if it waited at all it would be for an hour, and the limit of 60 s is only there to fail.
ends() { # TYPE next|behind STATUS
	mkfifo in held shown
	timeout -s KILL 60 cat shown >out 3>&- &
	shows=$!
	cat held >/dev/null 3>&- &
	reader=$!
	timeout -s KILL 60 fdferry recv -t "$1" sock >shown 2>err 3>&- 9>held &
	pid=$!
	await sock
	receiver=$(pgrep -P "$pid" -x fdferry)
	pids=("$pid")
	kill -STOP "$receiver"
	perl linger.pl sock "$1" "$2" <in >said 3>&- &
	sender=$!
	exec 8>in
	for _ in $(seq 1000); do
		[ -s said ] && break
		sleep 0.01
	done
	[ "$(cat said)" = there ]
	[ -z "${signal-}" ] || kill "-$signal" "$receiver"
	kill -CONT "$receiver"
	status=0
	wait "$pid" || status=$?
	pids=()
	[ ! -e sock ]
	# It had something to wait for: a helper is still at it.
	kill -0 "$reader"
	# Who reads what recv prints has seen the end of it all the same.
	wait "$shows"
	exec 8>&-
	wait "$sender"
	wait "$reader"
	rm in held said shown
	[ "$status" -eq "$3" ] || { echo "$1 $2: status $status: $(cat err)"; return 1; }
}

@test "recv ends while a socket that lingers is queued in its own" {
	for type in dgram stream seqpacket; do
		ends "$type" next 0
		[[ "$(cat out)" == *notes.txt* ]]
	done
}

@test "recv ends while one is queued in the connection that it has served" {
	for type in stream seqpacket; do
		ends "$type" behind 0
		[[ "$(cat out)" == *notes.txt* ]]
	done
}

@test "so does it on a signal" {
	for type in dgram stream seqpacket; do
		signal=TERM ends "$type" next 143
	done
}

#!/bin/sh
# SPDX-License-Identifier: MIT
# command.sh - the command with each of its system calls failing in turn, and killed at each.
#
# strace(1) makes them fail, except close (close.sh), which it would skip: the descriptor would stay open,
# and close(2) has closed it whatever it returns.  The command is linked statically, so that what
# fails is its own call and none of the dynamic linker.  FAULTS_LONG=1: in each way, not in one.
. tests/lib.sh
: "${FAULTS_LONG:=}"

plan_skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
have strace || plan_skip 'strace is not installed'
have timeout || plan_skip 'timeout is not installed'
strace -o "$dir/trace" -e trace=none true 2>/dev/null || plan_skip 'strace cannot trace here'
$MAKE -s BUILD="$BUILD" "$BUILD/tests/faults/fdferry" >/dev/null 2>&1 ||
	plan_skip 'the command cannot be linked statically'
fdferry=$build/tests/faults/fdferry
cd "$dir" || exit 1
injected=0 # faults that were injected
number=0   # of the run: what is sent with it
stop=      # processes that go on until told

# Calls of the C library's start, which it may answer by ending the process, and what cannot fail.
start_up='^(execve|exit|exit_group|arch_prctl|set_tid_address|set_robust_list|rseq|prlimit64|mprotect|getrandom|brk|rt_sigreturn|uname|readlink|readlinkat|close|munmap|getpid|gettid|geteuid|umask|restart_syscall|vfork|clone|clone3|wait4|\?*)$'

problem() {
	echo "$*" >>problems
	[ ! -s err ] || sed 's/^/	/' err >>problems
}

ways_of() { # CALL: how it fails
	case $1 in
	openat | open) ways='EMFILE ENOMEM EACCES' ;;
	socket | signalfd4 | pipe2 | dup2) ways='EMFILE ENFILE' ;;
	fcntl) ways='EMFILE EINVAL' ;;
	sendmsg) ways='ENOBUFS EAGAIN EINTR ECONNREFUSED EMSGSIZE' ;;
	recvmsg) ways='ENOMEM EAGAIN EINTR ECONNRESET' ;;
	poll | ppoll) ways='EINTR ENOMEM' ;;
	connect) ways='EACCES ECONNREFUSED EINTR EPROTOTYPE ENOENT' ;;
	accept4) ways='EMFILE EAGAIN ECONNABORTED EINTR' ;;
	bind) ways='EACCES EADDRINUSE ENOSPC' ;;
	read) ways='EIO EINTR' ;;
	write) ways='ENOSPC EPIPE EINTR' ;;
	setsockopt | getsockopt) ways='EPERM ENOPROTOOPT' ;;
	unlinkat) ways='EROFS EACCES' ;;
	*) ways='ENOMEM EPERM' ;;
	esac
	[ -n "$FAULTS_LONG" ] || ways=${ways%% *}
}

# Each call of a trace with how often it is made, at the most, by one process.
calls_of() { # FILE
	sed -nE 's/^([0-9]+) +([a-z_0-9]+)\(.*/\1 \2/p' "$1" | sort | uniq -c |
		awk '{ if ($1 > n[$3]) n[$3] = $1 } END { for (c in n) print c, n[c] }' | sort
}

traced() { # WHAT COMMAND...: with a fault, in out and err; bounded, or it has hung
	what=$1
	shift
	{ timeout -k 1 20 strace -f -qq -o trace -e "trace=${what%%:*}" -e "inject=$what" "$@" \
		>out 2>err.all </dev/null; status=$?; } 2>/dev/null
	grep -v '^strace: ' err.all >err
	lines=$(wc -l <err)
	[ $status -ne 124 ] || problem "$what: it hung: $*"
}

was_injected() { # the kill leaves no mark but the end of the process
	grep -qE 'INJECTED|killed by SIGKILL' trace && injected=$((injected + 1))
}

# each RUN FILE HOW...: RUN WHAT for each fault of each call in FILE; with HOW = kill, killed at each.
each() {
	run=$1 how=${3-}
	calls_of "$2" >calls
	while read -r call count <&9; do
		if [ "$how" = kill ]; then
			case $call in execve | exit*) continue ;; esac
			ways='kill'
		else
			echo "$call" | grep -qE "$start_up" && continue
			ways_of "$call"
		fi
		for way in $ways; do
			fault=error=$way
			[ "$way" != kill ] || fault=signal=KILL
			for k in $(seq "$count"); do
				$run "$call:$fault:when=$k"
				was_injected || break
			done
		done
	done 9<calls
}

receiver() { # TYPE SOCKET: one that goes on; what it prints is in SOCKET.out
	"$fdferry" recv -t "$1" --messages 0 "$2" >"$2.out" 2>"$2.err" &
	stop="$stop $!"
	last=$!
	for _ in $(seq 500); do
		[ ! -S "$2" ] || return 0
		sleep 0.01
	done
	problem "no socket $2"
}

# Send: what it says must be what has happened.
send_run() { # WHAT
	number=$((number + 1))
	traced "$1" "$fdferry" send $options --wait 300ms --data "run-$number." "$sock" notes.txt
	echo "$number $status $1" >>runs
	case $status in
	0) [ "$lines" -eq 0 ] || problem "$1: it succeeded and complained" ;;
	1 | 3) [ "$lines" -eq 1 ] || problem "$1: status $status, and $lines lines" ;;
	137) case $1 in *KILL*) ;; *) problem "$1: killed" ;; esac ;;
	*) problem "$1: status $status" ;;
	esac
}

sends() { # TYPE OPTIONS HOW
	sock=s options=$2
	: >problems
	: >runs
	receiver "$1" "$sock"
	strace -f -qq -o clean "$fdferry" send $options "$sock" notes.txt 2>err ||
		problem 'it fails without a fault'
	each send_run clean "$3"
	# One more arrives last, unharmed: the receiver has seen all before.
	number=$((number + 1))
	"$fdferry" send --wait 5s --data "run-$number." "$sock" notes.txt 2>err ||
		problem 'the receiver does not go on'
	echo "$number 0 the last" >>runs
	for _ in $(seq 500); do
		! grep -q "run-$number\\." "$sock.out" || break
		sleep 0.01
	done
	kill "$last"
	wait "$last" 2>/dev/null
	stop=
	grep -oE 'run-[0-9]+' "$sock.out" | sort | uniq -c | sed 's/run-//' >seen
	awk 'FNR == NR { seen[$2] = $1; next }
		$2 == 0 && seen[$1] != 1 { print $0 ": it said that it had sent, and has not" }
		$2 != 0 && $2 != 137 && seen[$1] > 0 { print $0 ": it said that it had not sent, and has" }
		seen[$1] > 1 { print $0 ": sent more than once" }' seen runs >>problems
	[ "$(grep -c '^message' "$sock.out")" -eq "$(grep -c '^  file .*notes.txt ro' "$sock.out")" ] ||
		problem 'a message without its descriptor'
	[ ! -e "$sock" ] || problem 'the receiver has left its socket'
	rm -f "$sock"
	nothing_wrong
}

nothing_wrong() {
	cat problems
	[ ! -s problems ]
}

# Receive: ends by itself, says why, leaves no socket.
sent_to() { # PID: sends as soon as there is a socket
	for _ in $(seq 2000); do
		if [ -S "$sock" ]; then
			"$fdferry" send --wait 300ms --data "run-$number." "$sock" notes.txt 2>/dev/null
			return 0
		fi
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.005
	done
}

recv_run() { # WHAT
	number=$((number + 1))
	rm -f over
	( traced "$1" "$fdferry" recv $options --timeout 2s "$sock" $cmd; echo "$status $lines" >over ) &
	sent_to $!
	wait $!
	read -r status lines <over
	case $status in
	0)
		grep -q "$due" out || problem "$1: it succeeded without the message"
		[ "$lines" -eq 0 ] || grep -q 'cannot remove' err ||
			problem "$1: it succeeded and complained"
		;;
	1 | 3 | 126 | 127)
		# Two: a fault that is also one of CMD, and a connection that failed while others
		# were waited for.
		[ "$lines" -eq 1 ] || { [ "$lines" -eq 2 ] &&
			{ [ -n "$cmd" ] || { [ $status -eq 3 ] && grep -q 'cannot receive' err; }; }; } ||
			problem "$1: status $status, and $lines lines"
		;;
	137) case $1 in *KILL*) ;; *) problem "$1: killed" ;; esac ;;
	*) problem "$1: status $status" ;;
	esac
	case $1 in
	*KILL*)
		# The next one takes the place of the dead one.
		"$fdferry" recv $options --timeout 5s "$sock" >out 2>err &
		next=$!
		"$fdferry" send --wait 5s --data again "$sock" notes.txt 2>/dev/null &
		wait $next || problem "$1: the next receiver fails"
		wait $! || problem "$1: the next sender fails"
		grep -q '"again", 1 desc' out || problem "$1: the next receiver has another message"
		;;
	esac
	if [ -e "$sock" ] && ! grep -q 'cannot remove' err; then
		problem "$1: the socket is left, and nothing is said (status $status)"
	fi
	rm -f "$sock"
}

receives() { # OPTIONS HOW CMD...
	sock=r options=$1 how=$2
	shift 2
	cmd=$* due="run-.*1 desc"
	[ -z "$cmd" ] || due='^file .*notes.txt ro'
	: >problems
	strace -f -qq -o clean "$fdferry" recv $options "$sock" $cmd >out 2>err &
	sent_to $!
	wait $! || problem 'it fails without a fault'
	each recv_run clean "$how"
	nothing_wrong
}

child="-- $fdferry inspect fd:3"

# Each campaign runs in a directory of its own, all at once: most of their time is waiting.
campaign() { # NAME FUNCTION ARGUMENT...
	campaigns=$((campaigns + 1))
	mkdir "$campaigns"
	echo "$1" >"$campaigns/name"
	shift
	(
		cd "$campaigns" && printf 'written by B\n' >notes.txt || exit 1
		"$@" >said 2>&1
		echo $? >result
		echo "$injected" >injected
		for process in $stop; do
			kill "$process" 2>/dev/null
		done
	) &
	pids="$pids $!"
}
result_of() {
	cat "$dir/$1/said"
	[ "$(cat "$dir/$1/result")" = 0 ] && [ "$(cat "$dir/$1/injected")" -gt 10 ]
}
campaigns=0 pids=
campaign 'send, datagram: each call fails in turn' sends dgram '-t dgram' error
campaign 'send, stream found by itself: each call fails in turn' sends stream '' error
campaign 'send, seqpacket: killed at each call' sends seqpacket '-t seqpacket' kill
campaign 'recv, datagram: each call fails in turn' receives '-t dgram' error
campaign 'recv, stream: each call fails in turn' receives '-t stream' error
# shellcheck disable=SC2086 # a command and its arguments
campaign 'recv CMD: each call fails in turn' receives '-t seqpacket' error $child
campaign 'recv, datagram: killed at each call' receives '-t dgram' kill
[ -z "$FAULTS_LONG" ] ||
	campaign 'recv, seqpacket: killed at each call' receives '-t seqpacket' kill
# shellcheck disable=SC2086 # numbers
wait $pids
for i in $(seq $campaigns); do
	check "$(cat "$i/name")" result_of "$i"
done
echo "# $(cat [1-9]/injected | awk '{ n += $1 } END { print n }') faults"
cd "$root" || exit 1
finish

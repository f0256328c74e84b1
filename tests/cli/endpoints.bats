#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# WHAT: sockets that are made for it, processes, and descriptors of other processes.

load helper
setup() {
	common_setup
	export ASAN_OPTIONS=detect_leaks=0 # under strace it cannot look for leaks
}
teardown() { common_teardown; }

kind() { # WHAT: kind and path of what arrives at the other end
	start fdferry recv --json sock
	fdferry send --wait 5s sock "$1" || { kill "$pid"; finish; return 1; }
	finish
	jq -r '.fds[0] | .kind + " " + (.path // "-")' out | sed 's/:[1-9][0-9]*$/:PORT/'
}

has_ipv6() {
	fdferry inspect 'udp-bind:[::1]:0' >/dev/null 2>&1
}

await_text() { # FILE: until there is something in it, bounded
	for _ in $(seq 500); do
		[ -s "$1" ] && return 0
		sleep 0.01
	done
	echo "nothing has appeared in $1"
	return 1
}

# A server in a few lines: says its port, takes one connection, prints what it reads.
cat_one='open L, "+<&=3"; my ($p) = sockaddr_in(getsockname(L)); open F, ">port"; print F $p; close F;
	accept(C, L) or die; print while <C>'

@test "tcp-listen: and udp-bind:, with a host, without, and an IPv6 address" {
	[ "$(kind tcp-listen:127.0.0.1:0)" = 'socket tcp-listen:127.0.0.1:PORT' ]
	[ "$(kind udp-bind:127.0.0.1:0)" = 'socket udp:127.0.0.1:PORT' ]
	[[ "$(kind tcp-listen:localhost:0)" == 'socket tcp-listen:'*':PORT' ]]
	if has_ipv6; then
		any='[::]'
		[ "$(kind 'tcp-listen:[::1]:0')" = 'socket tcp-listen:[::1]:PORT' ]
	else
		any='0.0.0.0'
	fi
	[ "$(kind tcp-listen::0)" = "socket tcp-listen:$any:PORT" ]
	[ "$(kind tcp-listen:0)" = "socket tcp-listen:$any:PORT" ]
	[ "$(kind udp-bind::0)" = "socket udp:$any:PORT" ]
}

@test "what is sent listens, and a connection that is sent is one" {
	start fdferry recv sock -- perl -MSocket -e "$cat_one"
	fdferry send --wait 5s sock tcp-listen:127.0.0.1:0
	await_text port
	server=$pid
	fdferry recv --stdio other -- echo through it 3>&- &
	client=$!
	fdferry send --wait 5s other "tcp-connect:127.0.0.1:$(cat port)"
	wait "$client"
	pid=$server
	finish
	[ "$status" -eq 0 ]
	[ "$output" = 'through it' ]
}

@test "no host hears IPv4 and IPv6" {
	has_ipv6 || skip 'there is no IPv6 here'
	for to in 127.0.0.1 '[::1]'; do
		rm -f port
		start fdferry recv sock -- perl -MSocket=:all -e \
			"${cat_one/sockaddr_in(/unpack_sockaddr_in6(}"
		fdferry send --wait 5s sock tcp-listen::0
		await_text port
		fdferry inspect "tcp-connect:$to:$(cat port)"
		finish
		[ "$status" -eq 0 ]
	done
}

@test "the port of connections that have ended can be listened at again (SO_REUSEADDR)" {
	start fdferry recv sock -- perl -MSocket -e \
		'open L, "+<&=3"; print unpack "i", getsockopt(L, SOL_SOCKET, SO_REUSEADDR)'
	fdferry send --wait 5s sock tcp-listen:127.0.0.1:0
	finish
	[ "$output" = 1 ]
}

@test "all addresses of a name are tried" {
	unshare -m true 2>/dev/null || skip 'only root can give a name addresses here'
	printf '127.0.0.1 two\n127.0.0.2 two\n' >hosts
	for address in 127.0.0.1 127.0.0.2; do
		rm -f port
		start fdferry recv sock -- perl -MSocket -e "$cat_one"
		fdferry send --wait 5s sock "tcp-listen:$address:0"
		await_text port
		port=$(cat port)
		unshare -m sh -c "mount --bind hosts /etc/hosts && fdferry inspect tcp-connect:two:$port"
		finish
		[ "$status" -eq 0 ]
	done
}

@test "unix-listen: listens, and its file stays with the receiver" {
	cat >serve.pl <<-'P'
		open L, '+<&=3';
		open F, '>ready'; print F 1; close F;
		accept(C, L) or die; print while <C>;
	P
	for name in listener "@fdferry-endpoint-$BATS_ROOT_PID-$$"; do
		rm -f ready
		start fdferry recv sock -- perl serve.pl
		fdferry send --wait 5s sock "unix-listen:$name"
		await_text ready
		server=$pid
		[ "$name" != listener ] || [ "$(stat -c '%a %F' listener)" = '600 socket' ]
		fdferry recv --stdio other -- echo through it 3>&- &
		client=$!
		fdferry send --wait 5s other "unix-connect:$name"
		wait "$client"
		pid=$server
		finish
		[ "$output" = 'through it' ]
	done
	rm listener
}

@test "unix-connect: finds the type, and leaves no option behind that was not asked for" {
	for type in dgram stream seqpacket; do
		fdferry recv -t "$type" --timeout 10s served >/dev/null 2>&1 3>&- &
		server=$!
		await served
		start fdferry recv sock -- perl -MSocket -e 'open S, "+<&=3";
			print unpack("i", getsockopt(S, SOL_SOCKET, 16)), " ", length getpeername(S)'
		fdferry send --wait 5s sock unix-connect:served
		finish
		kill "$server"
		wait "$server" || true
		[[ "$output" == '0 '[1-9]* ]] # 16: SO_PASSCRED
	done
}

@test "a listener that nobody got leaves no file" {
	fails 1 fdferry send nobody unix-listen:listener
	[ ! -e listener ]
	fails 1 fdferry send nobody unix-listen:listener no-such-file
	[ ! -e listener ]
	[ "$(fdferry inspect unix-listen:listener)" = "socket unix-listen:listener rw" ]
	[ ! -e listener ]
	start fdferry recv served
	await served
	fails 1 fdferry send nobody unix-listen:served
	one_line 'cannot open unix-listen:served' 'a running process serves it'
	[ -S served ]
	kill "$pid"
	finish
}

@test "pidfd: is the process" {
	sleep 60 3>&- &
	target=$!
	[ "$(fdferry inspect "pidfd:$target")" = "pidfd of process $target rw" ]
	[[ "$(kind "pidfd:$target")" == 'pidfd '* ]]
	kill "$target"
	wait "$target" || true
	fails 1 fdferry inspect "pidfd:$target"
	one_line "there is no process $target"
}

@test "a thread is no process" {
	perl -Mthreads -e 1 2>/dev/null || skip 'this perl has no threads'
	start perl -Mthreads -e 'threads->create(sub {
		open F, ">tid"; print F readlink("/proc/thread-self") =~ /(\d+)$/; close F; sleep 60;
	}); sleep 60'
	await_text tid
	fails 1 fdferry inspect "pidfd:$(cat tid)"
	one_line "$(cat tid) is a thread"
	kill "$pid"
	wait "$pid" || true
	pids=()
}

@test "pid: is a copy of the descriptor of another process, the same open file" {
	exec 6<>notes.txt
	sleep 60 3>&- &
	target=$!
	exec 6>&-
	start fdferry recv --stdin sock -- cat
	fdferry send --wait 5s sock "pid:$target/6"
	finish
	[ "$output" = 'written by B' ]
	# The other process has the offset too.
	[[ "$(fdferry inspect "pid:$target/6")" == *"notes.txt rw offset 13 size 13" ]]
	fails 1 fdferry inspect "pid:$target/99"
	one_line "cannot copy pid:$target/99" "process $target has no descriptor 99"
	kill "$target"
	wait "$target" || true
	fails 1 fdferry inspect "pid:$target/6"
	one_line "there is no process $target"
}

@test "without the right to trace a process the error says which right it takes" {
	if [ "$(id -u)" -eq 0 ]; then
		command -v setpriv >/dev/null || skip 'setpriv is not installed'
		target=$$
		# The command may lie in a directory that only root can enter: run it by descriptor.
		exec 7<"$(command -v fdferry)"
		less='setpriv --reuid 65534 --clear-groups --inh-caps=-all /proc/self/fd/7'
	else
		target=1
		less=fdferry
		[ "$(stat -c %u /proc/1)" != "$(id -u)" ] || skip 'every process is of this user'
	fi
	# shellcheck disable=SC2086 # a command and its arguments
	fails 1 $less inspect "pid:$target/0"
	one_line "cannot copy pid:$target/0" 'Operation not permitted' "the uid of process $target" \
		'CAP_SYS_PTRACE'
	if unshare -m true 2>/dev/null; then
		cat >yama.sh <<-'S'
			mount -t tmpfs tmpfs /proc/sys/kernel && mkdir /proc/sys/kernel/yama &&
				echo "$1" >/proc/sys/kernel/yama/ptrace_scope || exit 99
			shift
			exec "$@"
		S
		for scope in 1 2 3; do
			# shellcheck disable=SC2086
			fails 1 unshare -m sh yama.sh $scope $less inspect "pid:$target/0"
			one_line "kernel.yama.ptrace_scope is $scope"
		done
		# shellcheck disable=SC2086
		fails 1 unshare -m sh yama.sh 0 $less inspect "pid:$target/0"
		[[ "$error" != *yama* ]]
	fi
	exec 7<&-
}

@test "a kernel without the calls is told from a process without the descriptor" {
	command -v strace >/dev/null || skip 'strace is not installed'
	for call in pidfd_open pidfd_getfd; do
		strace -o /dev/null -e "inject=$call:error=ENOSYS" true 2>/dev/null ||
			skip 'strace cannot trace here'
		fails 1 strace -o /dev/null -e "inject=$call:error=ENOSYS" fdferry inspect "pid:$$/0"
		one_line "this kernel has no $call(2)"
	done
}

@test "without IPv6, any is 0.0.0.0" {
	command -v strace >/dev/null || skip 'strace is not installed'
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	[[ "$(strace -o /dev/null -e inject=socket:error=EAFNOSUPPORT:when=1 \
		fdferry inspect tcp-listen::0)" == 'socket tcp-listen:0.0.0.0:'[1-9]* ]]
}

@test "all of them are close-on-exec, and none takes the place of standard input or output" {
	command -v strace >/dev/null || skip 'strace is not installed'
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	sleep 60 3>&- &
	target=$!
	start fdferry recv served
	await served
	strace -o trace -e trace=socket fdferry inspect tcp-listen:127.0.0.1:0 udp-bind:127.0.0.1:0 \
		unix-listen:listener unix-connect:served >inspected
	[ "$(grep -c '^socket(AF_.*SOCK_CLOEXEC.* = [3-9]' trace)" -ge 4 ]
	[ "$(grep '^socket(AF_' trace | grep -vc 'SOCK_CLOEXEC.* = [3-9]')" -eq 0 ]
	kill "$pid"
	finish
	start fdferry recv --json sock
	fdferry send --wait 5s sock tcp-listen:127.0.0.1:0 "pid:$target/0" "pidfd:$target" <&- >&- 2>&-
	finish
	[ "$(jq -r '.fds[0].path' out | sed 's/[0-9]*$//')" = tcp-listen:127.0.0.1: ]
	[ "$(jq -r '.fds[2].kind' out)" = pidfd ]
	kill "$target"
}

@test "when it cannot be opened it is 1, and says why" {
	fails 1 fdferry inspect tcp-listen:192.0.2.1:80
	one_line 'cannot open tcp-listen:192.0.2.1:80' 'must be an address of this machine'
	start fdferry recv sock -- perl -MSocket -e "$cat_one"
	fdferry send --wait 5s sock tcp-listen:127.0.0.1:0
	await_text port
	fails 1 fdferry inspect "tcp-listen:127.0.0.1:$(cat port)"
	one_line 'a running process serves it' 'choose another port'
	kill "$pid"
	wait "$pid" || true
	pids=()
	fails 1 fdferry inspect "tcp-connect:127.0.0.1:$(cat port)"
	one_line "cannot open tcp-connect:127.0.0.1:$(cat port)" 'nobody serves it'
	fails 1 fdferry inspect unix-connect:nobody
	one_line 'cannot open unix-connect:nobody' 'No such file'
	fails 1 fdferry inspect unix-listen:notes.txt
	one_line 'it is not a socket' 'choose another name'
	fails 1 fdferry inspect unix-listen:no/such/dir
	one_line 'make its directory first'
}

@test "what cannot be understood is 2" {
	for what in tcp-listen:x tcp-listen:x: tcp-listen: tcp-listen:x:99999 tcp-listen:x:http \
		tcp-listen:::1:80 'tcp-listen:[::1]' 'tcp-listen:[::1:80' 'tcp-listen:[]:80' \
		'tcp-listen:[zz]:80' tcp-listen:x:-1 udp-bind:x tcp-connect::80 tcp-connect:80 \
		tcp-connect:localhost:0 unix-listen: unix-connect: pidfd: pidfd:0 pidfd:x \
		pidfd:1/2 pidfd:99999999999 pid: pid:1 pid:1/ pid:/1 pid:0/1 pid:1/x pid:-1/0 \
		pid:12345678901234567890123456789/1; do
		fails 2 fdferry inspect "$what"
		one_line 'fdferry inspect: ' "$what"
		fails 2 fdferry send nobody "$what"
	done
	fails 2 fdferry inspect tcp-listen:::1:80
	one_line 'goes in brackets'
	fails 2 fdferry inspect "tcp-listen:$(printf '%02000d' 0):80"
	one_line 'not that long'
}

@test "a path that begins like one of them is written with ./" {
	cp notes.txt pidfd:1
	[ "$(fdferry inspect ./pidfd:1)" = "file $PWD/pidfd:1 ro offset 0 size 13" ]
}

@test "--help has them, and so has the page" {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	fdferry send --help | sed -n 's/^  \([a-z-]*\):[A-Z].*/\1/p' >forms
	[ "$(wc -l <forms)" -ge 10 ]
	fdferry inspect --help | sed -n 's/^  \([a-z-]*\):[A-Z].*/\1/p' | cmp - forms
	sed -n '/^\.Ss What to send/,/^\.Ss fdferry/s/^\.It Li \([a-z-]*\):.*/\1/p' \
		"$root/man/fdferry.1" | diff forms -
}

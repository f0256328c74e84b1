# helper.bash - what the tests with other programs share, on top of the command's own helper.
# shellcheck shell=bash

load ../cli/helper

BATS_TEST_TIMEOUT=120

# until_true COMMAND...: bounded, and longer than the command's own await: interpreters and machines start slowly.
until_true() {
	local i
	for i in $(seq 600); do
		"$@" && return 0
		sleep 0.05
	done
	echo "in vain: $*"
	return 1
}

await() {
	until_true test -S "$1"
}

# Descriptor 6 is notes.txt, read past its first line: who gets that descriptor, and no other, reads
# "written by B" first and moves the offset of this one.
interop_setup() {
	here=$BATS_TEST_DIRNAME
	PATH=/usr/bin:$PATH # where the packages' programs are
	common_setup
	tools=${BUILD:-build}
	case $tools in
	/*) ;;
	*) tools=$here/../../$tools ;;
	esac
	tools=$tools/interop
	PATH=$tools:$PATH
	printf 'not for A\nwritten by B\n' >notes.txt
	exec 6<>notes.txt
	read -r _ <&6
}

interop_teardown() {
	exec 6>&-
	common_teardown
}

need() { # PROGRAM... : without it there is nothing to test
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

peer() { # what a run says of the other program, for the table in docs/interop.md
	echo "# peer: $*" >&3
}

# CMD of fdferry recv --stdio: one line in, one line out through the same descriptor.
taker='read -r line; echo "A has: $line"'

# What the receiver did with the descriptor was done to descriptor 6: WHO has read the line and written.
one_file() {
	local expected
	expected=$(printf 'not for A\nwritten by B\n%s has: written by B\n' "$1")
	[ "$(cat notes.txt)" = "$expected" ] || { echo "notes.txt: $(cat notes.txt)"; return 1; }
	[[ "$(fdferry inspect fd:6)" == *" offset $((${#expected} + 1)) size $((${#expected} + 1))"* ]] ||
		{ echo "another offset: $(fdferry inspect fd:6)"; return 1; }
}

sent_to_us() { # WHO is said to have sent: fdferry recv, which start has started, has got descriptor 6
	finish
	[ "$status" -eq 0 ] || { echo "recv: $status: $error"; return 1; }
	one_file A
}

# DATA and descriptor 6 to the program that start has started, and that listens at sock.
we_send() {
	await sock
	fdferry send --wait 10s ${1:+--data "$1"} sock fd:6
	finish
	mapfile -t lines <out
	[ "$status" -eq 0 ] || { echo "the other program: $status: $error"; return 1; }
	one_file peer
}

# CMD... serves one TCP connection on loopback; its listener comes from fdferry.  Sets $port and $server.
serve() {
	fdferry recv --stdin listener -- python3 "$here/serve.py" "$@" 3>&- 6>&- 2>server.err &
	server=$!
	pids+=("$server")
	fdferry send --wait 10s listener tcp-listen:127.0.0.1:0
	until_true test -s port
	port=$(cat port)
}

#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh - two processes and one open file: process A receives what process B has opened.
set -eu

fdferry=${1:?usage: demo.sh PATH-OF-FDFERRY}
dir=$(mktemp -d)
cd "$dir"
mkdir bin
ln -s "$fdferry" bin/fdferry
PATH=$dir/bin:$PATH
a=
cleanup() {
	if [ -n "$a" ]; then
		kill "$a" 2>/dev/null || true
	fi
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

say() { printf '%s\n' "$*"; }

say 'Process A waits at the socket process_a. What it gets will be its standard input and output:'
say
say "A\$ fdferry recv --stdio process_a -- sh -c 'read line; echo \"A was here, after: \$line\"'"
fdferry recv --stdio process_a -- sh -c 'read line; echo "A was here, after: $line"' &
a=$!

say
say 'Process B writes a file, opens it for reading and writing, and sends that open file:'
say
say 'B$ echo "a note from B" >notes.txt'
echo 'a note from B' >notes.txt
say 'B$ exec 3<>notes.txt'
exec 3<>notes.txt
say 'B$ fdferry inspect fd:3'
before=$(fdferry inspect fd:3)
say "$before"
say 'B$ fdferry send --wait 5s process_a fd:3'
fdferry send --wait 5s process_a fd:3
wait "$a"
a=
say
say 'A has read a line through it, written one, and ended. B has done nothing since, and looks:'
say
say 'B$ cat notes.txt'
cat notes.txt
say 'B$ fdferry inspect fd:3'
after=$(fdferry inspect fd:3)
say "$after"
say

expected='a note from B
A was here, after: a note from B'
if [ "$(cat notes.txt)" != "$expected" ]; then
	say 'This is wrong: what A read or wrote is not there.' >&2
	exit 1
fi
case $before in *' offset 0 '*) ;; *)
	say 'This is wrong: B began at another offset.' >&2
	exit 1
	;;
esac
case $after in *" offset $(wc -c <notes.txt) "*) ;; *)
	say "This is wrong: B's offset is not where A left it." >&2
	exit 1
	;;
esac
if [ -e process_a ]; then
	say 'This is wrong: the socket file is still there.' >&2
	exit 1
fi
say "It is one open file: A's line is in B's file, and B's offset moved because A read and wrote."
say "To try next: 'fdferry send --help', or run 'fdferry recv process_a' and see what it prints."

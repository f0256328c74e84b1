#!/bin/sh
# SPDX-License-Identifier: MIT
# close.sh - the command with each of its close(2) in turn saying that it has failed: it has closed all
# the same, so nothing changes.
. tests/lib.sh

$MAKE -s BUILD="$BUILD" all "$BUILD/tests/faults/preload/close.so" >"$out" 2>&1 ||
	{ echo '1..0 # SKIP the wrapper cannot be built'; exit 0; }
so=$build/tests/faults/preload/close.so
fdferry=$build/fdferry
case $(LD_PRELOAD=$so true 2>&1) in
*preload*) echo '1..0 # SKIP nothing can be preloaded here'; exit 0 ;;
esac
cd "$dir" || exit 1
echo 'written by B' >notes.txt
injected=0

# shellcheck disable=SC2086 # lists of words
once() { # sends and receives; the close of which one fails is in front of it
	rm -f mark
	$of_recv "$fdferry" recv $options --stdin s -- cat >got 2>said &
	pid=$!
	$of_send "$fdferry" send $options --wait 10s s notes.txt 2>sent || { cat sent; return 1; }
	wait "$pid" || { cat said; return 1; }
	[ "$(cat got)" = 'written by B' ] && [ ! -s said ] && [ ! -s sent ] && [ ! -e s ]
}

each_close() { # send|recv: of which each fails, until it has no more
	for how in 4 5 28; do # EINTR, EIO, ENOSPC
		for k in $(seq 100); do
			of_recv='' of_send=''
			failing="env LD_PRELOAD=$so CLOSE_FAILS=$k CLOSE_ERRNO=$how CLOSE_MARK=mark"
			case $1 in
			send) of_send=$failing ;;
			recv) of_recv=$failing ;;
			esac
			once || { echo "close $k, errno $how"; return 1; }
			[ -e mark ] || break
			injected=$((injected + 1))
		done
		[ "$k" -gt 2 ] || { echo "only $k calls of close"; return 1; }
	done
}

for options in '-t dgram' '-t stream' '-t seqpacket'; do
	check "send $options: each close fails in turn" each_close send
	check "recv $options: each close fails in turn" each_close recv
done
echo "# $injected faults"
cd "$root" || exit 1
finish

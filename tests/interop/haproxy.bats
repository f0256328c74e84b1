#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# HAProxy: a listener that it inherits (bind fd@N), and its own ones, which it sends to who says _getsocks.
# It is run.sh that unpacks it.

load helper
setup() {
	interop_setup
	haproxy=$(command -v haproxy || echo "$tools/root/usr/sbin/haproxy")
	[ -x "$haproxy" ] || skip 'haproxy is not there'
	LD_LIBRARY_PATH=$tools/root/usr/lib/$(uname -m)-linux-gnu
	export LD_LIBRARY_PATH
	cat >haproxy.cfg <<-EOF
		global
			stats socket $PWD/stats.sock mode 600 level admin expose-fd listeners
		defaults
			mode http
			timeout connect 5s
			timeout client 5s
			timeout server 5s
		frontend web
			bind "fd@\${WEB}"
			bind unix@$PWD/web.sock
			http-request return status 200 content-type text/plain string "from HAProxy"
	EOF
	fdferry recv --names web pass -- env "WEB={fd:web}" "$haproxy" -db -f haproxy.cfg 2>log 3>&- 6>&- &
	proxy=$!
	pids+=("$proxy")
	fdferry recv relay -- sh -c 'fdferry inspect fd:3 >listener; fdferry send --wait 10s pass fd:3' 3>&- &
	pids+=($!)
	fdferry send --wait 10s relay tcp-listen:127.0.0.1:0
	await stats.sock
	await web.sock
}
teardown() {
	if [ -n "${proxy-}" ]; then
		kill "$proxy"
		wait "$proxy" || true
		rm -f stats.sock web.sock
	fi
	interop_teardown
}

@test "fdferry recv to haproxy bind fd@N" {
	port=$(sed -n 's/.*127.0.0.1:\([0-9]*\).*/\1/p' listener)
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET / HTTP/1.0\r\n\r\n' >&7
	[ "$(tail -n 1 <&7)" = 'from HAProxy' ]
	exec 7>&-
	peer "haproxy | $("$haproxy" -v | sed -n '1s/.*version \([^ ]*\).*/\1/p')"
}

@test "haproxy _getsocks to fdferry recv: the listeners that it has made" {
	# First their number in four bytes, then they.  read(2) keeps the two apart.
	start fdferry recv --stdio pass -- sh -c 'echo _getsocks
		dd bs=4 count=1 status=none | od -An -td4 >number
		fdferry recv - -- stat -Lc %i /dev/fd/3 /dev/fd/4 >inodes'
	fdferry send --wait 10s pass unix-connect:stats.sock
	finish
	[ "$status" -eq 0 ]
	[ "$(tr -d ' ' <number)" -eq 2 ]
	# What the kernel says of those two: the ones that listen (flag 10000), by their inodes.
	awk -v dir="$PWD/" 'index($8, dir) && $4 == "00010000" { print $7 }' /proc/net/unix | sort >expected
	[ "$(wc -l <expected)" -eq 2 ]
	sort inodes | cmp - expected
}

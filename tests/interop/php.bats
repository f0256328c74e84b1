#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# PHP: socket_sendmsg and socket_recvmsg.

load helper
setup() {
	need php
	php -r 'exit(function_exists("socket_sendmsg") ? 0 : 1);' || skip "php has no sockets"
	interop_setup
}
teardown() { interop_teardown; }

@test "php socket_sendmsg to fdferry recv, with data" {
	start fdferry recv -t stream --stdio sock -- sh -c 'printf %s "$FDFERRY_DATA" >data; '"$taker"
	await sock
	php "$here/sendmsg.php" sock 'from php' <&6
	sent_to_us
	[ "$(base64 -d data)" = 'from php' ]
	peer "php | $(php -r 'echo PHP_VERSION;')"
}

@test "fdferry send to php socket_recvmsg, with data" {
	start php "$here/recvmsg.php" sock
	we_send 'for php'
	[ "${lines[0]}" = 'data: for php' ]
	peer "php socket_recvmsg | received descriptor: ${lines[1]}"
}

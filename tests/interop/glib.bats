#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# GLib: a GUnixConnection.

load helper
setup() {
	interop_setup
	need glib-peer
}
teardown() { interop_teardown; }

@test "g_unix_connection_send_fd to fdferry recv" {
	start fdferry recv -t stream --stdio sock -- sh -c "$taker"
	await sock
	glib-peer send sock <&6
	sent_to_us
	peer "GLib | $(pkg-config --modversion gio-unix-2.0)"
}

@test "fdferry send to g_unix_connection_receive_fd" {
	start glib-peer recv sock
	we_send
	peer "GLib receive_fd | received descriptor: ${lines[0]}"
}

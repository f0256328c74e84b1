#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Ruby: UNIXSocket#send_io and #recv_io.

load helper
setup() {
	need ruby
	interop_setup
}
teardown() { interop_teardown; }

@test "ruby send_io to fdferry recv" {
	start fdferry recv -t stream --stdio sock -- sh -c "$taker"
	await sock
	ruby -rsocket -e 'UNIXSocket.open("sock") { |s| s.send_io($stdin) }' <&6
	sent_to_us
	peer "ruby | $(ruby -e 'print RUBY_VERSION')"
}

@test "fdferry send to ruby recv_io" {
	start ruby "$here/recv_io.rb" sock
	we_send
	peer "ruby recv_io | received descriptor: $output"
}

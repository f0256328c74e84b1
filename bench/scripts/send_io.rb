# SPDX-License-Identifier: MIT
# send_io.rb - Ruby's UNIXSocket#send_io and #recv_io; for many at once, #sendmsg with
# Socket::AncillaryData.unix_rights.  bench/scripts.c says what it is told.
require 'socket'

mode, n = ARGV[0], ARGV[1].to_i
ours = (mode == 'pong' ? [6] : (5...5 + n).to_a).map { |fd| IO.for_fd(fd, autoclose: false) }
theirs = mode == 'self' ? ours : [IO.for_fd(mode == 'ping' ? 6 : 5, autoclose: false)]
out = UNIXSocket.for_fd(3)
back = mode == 'self' ? UNIXSocket.for_fd(4) : out

if n == 1
  give = -> { out.send_io(ours[0]) }
  take = -> { [back.recv_io] }
else
  rights = Socket::AncillaryData.unix_rights(*ours)
  give = -> { out.sendmsg("\0", 0, nil, rights) }
  take = lambda do
    _, _, _, control = back.recvmsg(1, 0, Socket::AncillaryData.unix_rights(*ours).data.bytesize + 64,
                                    scm_rights: true)
    control.unix_rights
  end
end
drop = ->(got) { got.each(&:close) }
verify = lambda do
  got = take.call
  same = got.size == theirs.size &&
         got.zip(theirs).all? { |a, b| a.fileno != b.fileno && a.stat.ino == b.stat.ino }
  abort 'send_io.rb: another descriptor than was sent' unless same
  drop.call(got)
end
open_now = -> { Dir.children('/proc/self/fd').size }

if mode == 'pong'
  verify.call
  loop do
    give.call
    drop.call(take.call)
  end
end

$stdout.sync = true
give.call
verify.call
before = open_now.call
puts 'ready'
while (line = $stdin.gets)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
  line.to_i.times do
    give.call
    drop.call(take.call)
  end
  puts Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start
end
abort 'send_io.rb: leaves descriptors open' if open_now.call != before

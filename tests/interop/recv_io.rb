# SPDX-License-Identifier: MIT
# recv_io.rb SOCKET - takes one descriptor, reads and writes through it.
require "socket"

UNIXServer.open(ARGV[0]) do |listener|
  io = listener.accept.recv_io(IO, "r+")
  File.unlink(ARGV[0])
  io.syswrite("peer has: " + io.sysread(100))
  puts io.close_on_exec? ? "close-on-exec" : "inheritable"
end

# SPDX-License-Identifier: MIT
"""recv_fds.py SOCKET TYPE - takes one descriptor, reads and writes through it."""
import os
import socket
import sys

s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + sys.argv[2]))
s.bind(sys.argv[1])
if sys.argv[2] != "DGRAM":
    s.listen()
    s, _ = s.accept()
data, fds, flags, address = socket.recv_fds(s, 100, 4)
os.unlink(sys.argv[1])
assert len(fds) == 1 and flags & socket.MSG_CTRUNC == 0
os.write(fds[0], b"peer has: " + os.read(fds[0], 100))
print("data:", data.decode())
print("inheritable" if os.get_inheritable(fds[0]) else "close-on-exec")

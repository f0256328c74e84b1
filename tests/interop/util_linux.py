# SPDX-License-Identifier: MIT
"""util_linux.py send|recv SOCKET - the wire of fdsend and fdrecv: a space and one descriptor on a stream.

recv takes one connection, one byte and one descriptor, and reads and writes through that."""
import array
import os
import socket
import sys

RIGHTS = (socket.SOL_SOCKET, socket.SCM_RIGHTS)
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
if sys.argv[1] == "send":
    s.connect(sys.argv[2])
    assert s.sendmsg([b" "], [(*RIGHTS, array.array("i", [0]))]) == 1
    sys.exit()
s.bind(sys.argv[2])
s.listen(1)
connection, _ = s.accept()
os.unlink(sys.argv[2])
byte, control, flags, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
assert len(byte) == 1 and len(control) == 1 and control[0][:2] == RIGHTS and len(control[0][2]) == 4
(fd,) = array.array("i", control[0][2])
assert connection.recv(1) == b"", "more than one byte"
os.write(fd, b"peer has: " + os.read(fd, 100))

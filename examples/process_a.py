# SPDX-License-Identifier: MIT
# process_a.py - process A in Python: one descriptor from the datagram socket process_a.
import os
import socket
import sys

sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
os.fchmod(sock.fileno(), 0o600)
sock.bind("process_a")
data, fds, flags, sender = socket.recv_fds(sock, 512, 1, socket.MSG_CMSG_CLOEXEC)
os.unlink("process_a")
if len(fds) != 1 or flags & socket.MSG_CTRUNC:
    for fd in fds:
        os.close(fd)
    sys.exit("process A: not a message of one descriptor")
with open(fds[0], "r+b", buffering=0) as file:
    print("process A read:", file.read().decode(), end="")
    file.write(b"written by process A\n")

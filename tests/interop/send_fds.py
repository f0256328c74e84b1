# SPDX-License-Identifier: MIT
"""send_fds.py SOCKET TYPE DATA - sends its standard input."""
import socket
import sys

s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + sys.argv[2]))
s.connect(sys.argv[1])
socket.send_fds(s, [sys.argv[3].encode()], [0])

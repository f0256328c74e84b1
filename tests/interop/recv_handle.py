# SPDX-License-Identifier: MIT
"""recv_handle.py SOCKET - takes one descriptor, reads and writes through it."""
import os
import sys
from multiprocessing.connection import Listener
from multiprocessing.reduction import recv_handle

with Listener(sys.argv[1], "AF_UNIX") as listener:
    fd = recv_handle(listener.accept())
os.write(fd, b"peer has: " + os.read(fd, 100))
print("inheritable" if os.get_inheritable(fd) else "close-on-exec")

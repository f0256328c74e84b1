# SPDX-License-Identifier: MIT
"""send_handle.py SOCKET - sends its standard input."""
import sys
from multiprocessing.connection import Client
from multiprocessing.reduction import send_handle

send_handle(Client(sys.argv[1], "AF_UNIX"), 0, None)

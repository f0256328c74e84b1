# SPDX-License-Identifier: MIT
# process_b.py - process B in Python: opens a file and sends its descriptor to process_a.
import socket
import sys
import time

sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
with open(sys.argv[1], "r+b", buffering=0) as file:
    for attempt in range(50):
        try:
            sock.connect("process_a")
            break
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.1)  # A is not there yet
    else:
        sys.exit("process_a: nobody is there")
    socket.send_fds(sock, [b""], [file.fileno()])

# SPDX-License-Identifier: MIT
# send_fds.py - Python's socket.send_fds and socket.recv_fds; bench/scripts.c says what it is told.
import os
import socket
import sys
import time

if not hasattr(socket, "send_fds"):  # 3.9
    sys.exit(77)
mode, n = sys.argv[1], int(sys.argv[2])
ours = list(range(5, 5 + n)) if mode != "pong" else [6]
theirs = {"self": ours, "ping": [6], "pong": [5]}[mode]
out = socket.socket(fileno=3)
back = socket.socket(fileno=4) if mode == "self" else out


def take():
    data, fds, flags, _ = socket.recv_fds(back, 1, n)
    if not data:
        sys.exit("send_fds.py: the other side has ended")
    return fds


def drop(fds):
    for fd in fds:
        os.close(fd)


def verify():
    fds = take()
    for got, sent in zip(fds, theirs, strict=True):
        if got == sent or not os.path.sameopenfile(got, sent):
            sys.exit("send_fds.py: another descriptor than was sent")
    drop(fds)


if mode == "pong":
    verify()
    while True:
        socket.send_fds(out, [b"\0"], ours)
        drop(take())

socket.send_fds(out, [b"\0"], ours)
verify()
before = len(os.listdir("/proc/self/fd"))
print("ready", flush=True)
for line in sys.stdin:
    start = time.monotonic_ns()
    for _ in range(int(line)):
        socket.send_fds(out, [b"\0"], ours)
        drop(take())
    print(time.monotonic_ns() - start, flush=True)
if len(os.listdir("/proc/self/fd")) != before:
    sys.exit("send_fds.py: leaves descriptors open")

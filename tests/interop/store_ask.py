# store_ask.py DIR LINE... - one request at the door of a store; prints all lines of the answers.
# A store whose broker has died in between is asked again, as its page tells clients to.
import socket
import sys
import time


def ask(door, request):
    lines = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(60)
        s.connect(door)
        s.send(request)
        while True:
            data, fds, _, _ = socket.recv_fds(s, 1 << 20, 253)
            for fd in fds:
                socket.close(fd)
            if not data:
                raise ConnectionResetError
            lines += data.decode().rstrip("\0").splitlines()
            if lines[-1] != "MORE=1":
                return lines


deadline = time.monotonic() + 60
while True:
    try:
        answer = ask(sys.argv[1] + "/store", "\n".join(sys.argv[2:]).encode())
        break
    except (ConnectionResetError, BrokenPipeError):
        if time.monotonic() > deadline:
            raise
        time.sleep(0.05)
print("\n".join(answer))

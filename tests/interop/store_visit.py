# store_visit.py PORT - connects, makes the file "connected", asks for / and prints what is answered.
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 100) as s:
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    open("connected", "x").close()
    answer = s.makefile("rb").read()
print(answer.partition(b"\r\n\r\n")[2].decode(), end="")

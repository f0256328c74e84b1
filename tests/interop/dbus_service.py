# SPDX-License-Identifier: MIT
"""dbus_service.py - org.example.Ferry: Put(h) reads and writes through h; Get() gives standard input as h."""
import fcntl
import os

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib


class Ferry(dbus.service.Object):
    @dbus.service.method("org.example.Ferry", in_signature="h", out_signature="s")
    def Put(self, handle):
        fd = handle.take()
        os.write(fd, b"peer has: " + os.read(fd, 100))
        cloexec = fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        os.close(fd)
        return "close-on-exec" if cloexec else "inheritable"

    @dbus.service.method("org.example.Ferry", in_signature="", out_signature="h")
    def Get(self):
        return dbus.types.UnixFd(0)


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
name = dbus.service.BusName("org.example.Ferry", bus)
Ferry(bus, "/")
print("here", flush=True)
GLib.MainLoop().run()

# SPDX-License-Identifier: MIT
"""dbus_get.py CMD... - calls Get() of org.example.Ferry and runs CMD with what it returns as standard input."""
import os
import sys

import dbus

ferry = dbus.SessionBus().get_object("org.example.Ferry", "/")
os.dup2(ferry.Get(dbus_interface="org.example.Ferry").take(), 0)
os.execvp(sys.argv[1], sys.argv[1:])

// SPDX-License-Identifier: MIT
// usocket_recv.js SOCKET - takes one descriptor, reads and writes through it.
"use strict";
const fs = require("fs");
const { UServer } = require("usocket");

const server = new UServer();
server.listen(process.argv[2]);
server.on("connection", (connection) => connection.on("readable", () => {
  const message = connection.read(undefined, 1);
  if (!message) return;
  const [fd] = message.fds;
  const line = Buffer.alloc(100);
  const n = fs.readSync(fd, line);
  fs.writeSync(fd, "peer has: " + line.toString("utf8", 0, n));
  console.log("data: " + message.data);
  const flags = /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`))[1];
  console.log(parseInt(flags, 8) & 0o2000000 ? "close-on-exec" : "inheritable");
  fs.unlinkSync(process.argv[2]);
  process.exit();
}));

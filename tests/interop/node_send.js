// SPDX-License-Identifier: MIT
// node_send.js - gives a TCP listener to a child that is fdferry; prints its inode and what the child prints.
"use strict";
const fs = require("fs");
const net = require("net");
const { spawn } = require("child_process");

const server = net.createServer().listen(0, "127.0.0.1", () => {
  console.log("inode", fs.fstatSync(server._handle.fd).ino);
  const inspect = 'stat -Lc "inode %i" /dev/fd/3; echo "$FDFERRY_DATA"; fdferry inspect fd:3';
  const child = spawn("fdferry", ["recv", "fd:3", "--", "sh", "-c", inspect],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  child.send("from node", server, () => {});
  child.on("exit", (code) => process.exit(code));
});

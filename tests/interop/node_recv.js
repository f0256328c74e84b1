// SPDX-License-Identifier: MIT
// node_recv.js - takes a TCP listener from a child that is fdferry, and lets it accept a connection.
"use strict";
const fs = require("fs");
const net = require("net");
const { spawn } = require("child_process");

const message = '{"cmd":"NODE_HANDLE","type":"net.Server","msg":"for node"}\n';
const child = spawn("fdferry", ["send", "--data", message, "fd:3", "fd:0"],
  { stdio: ["inherit", "inherit", "inherit", "ipc"] });
child.on("message", (text, server) => {
  console.log("data:", text);
  console.log("inode", fs.fstatSync(server._handle.fd).ino);
  server.on("connection", () => {
    console.log("accepts");
    process.exit();
  });
  net.connect(server.address().port, "127.0.0.1");
});

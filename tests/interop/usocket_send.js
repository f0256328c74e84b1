// SPDX-License-Identifier: MIT
// usocket_send.js SOCKET DATA - sends its standard input.
"use strict";
const { USocket } = require("usocket");

const socket = new USocket(process.argv[2], () =>
  socket.end({ data: Buffer.from(process.argv[3]), fds: [0] }));

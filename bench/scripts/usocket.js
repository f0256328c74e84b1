// SPDX-License-Identifier: MIT
// usocket.js - Node with usocket of the npm registry, since its own sockets pass no descriptors;
// bench/scripts.c says what it is told.
'use strict';
const fs = require('fs');
let USocket;
try {
	({ USocket } = require('usocket'));
} catch {
	process.exit(77);
}

const [mode, count] = process.argv.slice(2);
const n = Number(count);
const ours = mode === 'pong' ? [6] : Array.from({ length: n }, (_, i) => 5 + i);
const theirs = { self: ours, ping: [6], pong: [5] }[mode];
const out = new USocket({ fd: 3 });
const back = mode === 'self' ? new USocket({ fd: 4 }) : out;
const byte = Buffer.from([0]);
const openNow = () => fs.readdirSync('/proc/self/fd').length;

const give = () => out.write({ data: byte, fds: ours });
let taken; // what is done with the next descriptors
function take() {
	for (;;) {
		const message = back.read(1, n);
		if (!message)
			return;
		taken(message.fds);
	}
}
const drop = (fds) => fds.forEach((fd) => fs.closeSync(fd));

function verify(fds) {
	const same = fds.length === theirs.length &&
		fds.every((fd, i) => fd !== theirs[i] && fs.fstatSync(fd).ino === fs.fstatSync(theirs[i]).ino);
	if (!same) {
		console.error('usocket.js: another descriptor than was sent');
		process.exit(1);
	}
	drop(fds);
}

function serve() {
	let before, left = 0, start;
	taken = (fds) => {
		drop(fds);
		if (--left > 0)
			give();
		else
			fs.writeSync(1, `${process.hrtime.bigint() - start}\n`);
	};
	process.stdin.on('data', (line) => {
		left = Number(line);
		start = process.hrtime.bigint();
		give();
	});
	process.stdin.on('end', () => {
		if (openNow() !== before) {
			console.error('usocket.js: leaves descriptors open');
			process.exit(1);
		}
		process.exit(0);
	});
	process.stdin.resume();
	setTimeout(() => { // when the runtime has opened what it opens for itself
		before = openNow();
		fs.writeSync(1, 'ready\n');
	}, 10);
}

taken = (fds) => {
	verify(fds);
	if (mode !== 'pong')
		return serve();
	taken = (more) => {
		drop(more);
		give();
	};
	give();
};
back.on('readable', take);
back.read(0);
if (mode !== 'pong')
	give();

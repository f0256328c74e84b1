<?php
// SPDX-License-Identifier: MIT
// recvmsg.php SOCKET - takes one descriptor, reads and writes through it.
$listener = socket_create(AF_UNIX, SOCK_STREAM, 0);
socket_bind($listener, $argv[1]);
socket_listen($listener);
$from = socket_accept($listener);
unlink($argv[1]);
$room = socket_cmsg_space(SOL_SOCKET, SCM_RIGHTS, 1);
$message = ["name" => [], "buffer_size" => 100, "controllen" => $room];
socket_recvmsg($from, $message) === false && exit(1);
$file = $message["control"][0]["data"][0];
fwrite($file, "peer has: " . fgets($file));
echo "data: ", $message["iov"][0], "\n";
// The descriptor's number is known to nobody in PHP: look for the file.
foreach (scandir("/proc/self/fd") as $fd) {
	if (str_ends_with((string)@readlink("/proc/self/fd/$fd"), "/notes.txt") && $fd > 6) {
		preg_match('/^flags:\s*(\d+)/m', file_get_contents("/proc/self/fdinfo/$fd"), $flags);
		echo octdec($flags[1]) & 02000000 ? "close-on-exec\n" : "inheritable\n";
	}
}

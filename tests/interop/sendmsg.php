<?php
// SPDX-License-Identifier: MIT
// sendmsg.php SOCKET DATA - sends its standard input.
$s = socket_create(AF_UNIX, SOCK_STREAM, 0);
socket_connect($s, $argv[1]) || exit(1);
$rights = ["level" => SOL_SOCKET, "type" => SCM_RIGHTS, "data" => [STDIN]];
exit(socket_sendmsg($s, ["iov" => [$argv[2]], "control" => [$rights]]) ? 0 : 1);

#!/bin/sh
# SPDX-License-Identifier: MIT
# sshd.sh SSHD CONFIG - sshd for the one connection that is standard input and output.
#
# As root sshd wants a user of its own and a directory in /run: it gets both in a mount namespace.
set -e
sshd=$1
config=$2
LD_LIBRARY_PATH=$(dirname "$sshd")/../lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH
if [ "$(id -u)" -ne 0 ]; then
	exec "$sshd" -i -e -f "$config"
fi
{
	cat /etc/passwd
	grep -q ^sshd: /etc/passwd || echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin'
} >passwd
# shellcheck disable=SC2016 # for the shell inside
exec unshare -m sh -c 'mount --bind passwd /etc/passwd
	mount -t tmpfs -o mode=755 none /run && mkdir /run/sshd && exec "$0" -i -e -f "$1"' "$sshd" "$config"

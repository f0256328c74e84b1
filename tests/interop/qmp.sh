#!/bin/sh
# SPDX-License-Identifier: MIT
# qmp.sh COMMAND WHAT... - says each COMMAND to the QMP monitor that is standard input and output, with the
# descriptor WHAT (none if empty), and prints the answers to standard error.
read -r greeting
case $greeting in
*QMP*) ;;
*) exit 1 ;;
esac
echo '{"execute":"qmp_capabilities"}'
read -r answer
while [ $# -ge 2 ]; do
	if [ -n "$2" ]; then
		fdferry send --data "$1" - "$2"
	else
		echo "$1"
	fi
	read -r answer
	printf '%s\n' "$answer" | tr -d '\r' >&2
	shift 2
done

#!/bin/sh
# SPDX-License-Identifier: MIT
# kill.sh - make kill-test: the long form of kill.c, and what it printed as a table in docs/kill-test.md.
set -u
: "${BUILD:=build}" "${KILLS:=1000}" "${HELD:=10000}" "${SEED=}" "${PEER=}"
page=docs/kill-test.md
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

command="make kill-test KILLS=$KILLS HELD=$HELD${PEER:+ PEER=$PEER}"
tests=nothing_acknowledged_is_lost
[ -z "$PEER" ] || tests="$tests its_peer_loses_all"
began=$(date +%s)
# shellcheck disable=SC2086 # names of tests
HARNESS_VERBOSE=1 HARNESS_SLOWER=10 FERRY_KILLS=$KILLS FERRY_HELD=$HELD FERRY_SEED=$SEED \
	env ${PEER:+FERRY_PEER="$PEER"} FERRY_TABLE=$dir/rows "$BUILD/tests/store/kill" $tests
status=$?
took=$(($(date +%s) - began))
if [ $status -ne 0 ]; then
	echo "kill-test: FAILED; $page stays as it was" >&2
	exit 1
fi

# What people have written below the table stays.
notes=$(sed -n '/^## /,$p' "$page" 2>/dev/null)
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
{
	cat <<END
# The killing field

\`$command\` kills the two processes that hold the descriptors of a store,
broker and keeper, at random instants, stops and continues them, upgrades the store and takes its parent away,
$KILLS events in all, while clients put, replace, get, take and remove without pause, and writes this page. Every
descriptor is a memfd that says in itself which one it is. Each client keeps a ledger of what was acknowledged;
every few events the whole store is listed and compared with it, and what has changed is got and looked at; at the
end everything is. \`make check\` runs a short form.

Run on $(date -u +%Y-%m-%d) for $took s: $(nproc) cores of ${cpu:-$(uname -m)}, $(uname -sr), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown).

| what | how much |
|---|---|
END
	cat "$dir/rows"
	[ -z "$notes" ] || printf '\n%s\n' "$notes"
} >"$dir/page"
cp "$dir/page" "$page"
echo "kill-test: the table is in $page"

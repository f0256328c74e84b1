#!/bin/sh
# SPDX-License-Identifier: MIT
# page.sh - docs/benchmarks.md from its parts: page.sh PARTS COMMAND >PAGE
set -u
parts=$1
command=$2

cat <<END
# Benchmarks

\`$command\` makes this page, its plots and the numbers in the README; nothing in them is
written by hand. A time on one machine says little about another: what counts is the ratio to the
bare system calls in the same rounds.

![One descriptor per message, and as many as it takes](bench-messages.svg)

![Round trips, and a process with threads](bench-latency.svg)

END
cat "$parts/numbers.md"
cat <<END

## Goals

END
cat "$parts/goals.md"
cat <<END

## The machine

END
cat "$parts/facts.md"
cat <<'END'

## How it is measured

- In every round each variant has nine turns of about a millisecond, some hundred messages, one after
  another with all the others; each time another one begins, and every second time it goes backwards.
  What a round says of a variant is the median of its nine turns.
- The ratios are taken round by round. What is shown is the median of the rounds and their quartiles.
- A variant is pinned to one core, or two processes to a core each, as the heading says; only the
  process with threads is not pinned.
- All send the same open files, and close what they received within the measured time; only "with
  threads" and the queues keep it. libuv passes nothing but sockets, so it gets sockets.
- Before it is measured each variant shows that it moves the right descriptors in the right order, and
  afterwards that none is left.
- `bare` is `sendmsg`, `recvmsg` with a control buffer of just the right size, and `close`, as in the
  manual pages; `bare-range` closes with `close_range`; `bare-spin` asks again and again.
- `fdferry` is `ferry_send`, `ferry_recv` and `ferry_close_all`; `fdferry-fd` is `ferry_send_fd` and
  `ferry_recv_fd`.
- What takes less than `bare` does less: libowfat's descriptors are not close-on-exec, nor Python's and
  usocket's, and few look whether descriptors were lost. Differences below five in a hundred are noise.
- What fdferry adds to one message are some 500 instructions that check it on its way out and in, 60 to
  90 ns here; on seqpacket the credentials besides, as in `bare-creds`.
- With threads it is `ferry_reserve` before they start that is compared with growing afterwards; its own
  time, once in the life of a process, is not counted.
- On two cores `fdferry-spin` is compared with peers that sleep, since none of them offers anything else;
  `bare-spin` is what spinning can do at best.
- A bar that ends in `>` is longer than there is room for.
- Each peer is used as its documentation says, in `bench/peer_*.c` and `bench/scripts/`. They do
  not all do the same work: skalibs frames messages, libuv has a loop to turn, libwayland and sd-bus
  speak a protocol.
- A store is a daemon of its own for each variant. `fdferry` is the library, `fdferry-raw` writes and reads
  the protocol itself, as `s6` does with that of s6-fdholder-daemon. What fdferry has acknowledged is in two
  processes, what s6 has in one. What was put is removed again outside of the measured time, and a
  millisecond is left for what that sets off.
- s6 looks for a time limit that nobody has, one tick of its clock after the other: beside 10,000 with the same one
  it finds the 10,001st. The others get limits that differ.

END
cat "$parts/tables.md" | sed '${/^$/d}'

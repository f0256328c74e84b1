/* SPDX-License-Identifier: MIT
 *
 * sigpipe.c - only a stream raises SIGPIPE, and MSG_NOSIGNAL keeps it from it.
 *
 * S5, send(2), unix_stream_sendmsg(): to a peer that is gone a stream is EPIPE and the signal, a
 * sequenced packet EPIPE alone, a datagram ECONNREFUSED.
 *
 * The library therefore sends with MSG_NOSIGNAL, never by write(), and leaves signals alone.
 */
#include "plain.h"

#include <signal.h>

static volatile sig_atomic_t raised;

static void count(int signal)
{
	(void)signal;
	raised++;
}

static void check_send(int type, int flags, int error, int signals)
{
	int pair[2];

	make_pair(type, pair);
	CHECK_OK(close(pair[1]));
	raised = 0;
	signal(SIGPIPE, count);
	CHECK_ERRNO(send(pair[0], "x", 1, flags | MSG_DONTWAIT), error);
	signal(SIGPIPE, SIG_DFL);
	CHECK_INT(raised, ==, signals);
	CHECK_OK(close(pair[0]));
}

TEST(a_stream_raises_it)
{
	check_send(SOCK_STREAM, 0, EPIPE, 1);
}

TEST(msg_nosignal_suppresses_it)
{
	check_send(SOCK_STREAM, MSG_NOSIGNAL, EPIPE, 0);
}

TEST(other_types_do_not_raise_it)
{
	check_send(SOCK_SEQPACKET, 0, EPIPE, 0);
	check_send(SOCK_DGRAM, 0, ECONNREFUSED, 0);
}

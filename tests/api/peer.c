/* SPDX-License-Identifier: MIT
 *
 * peer.c - tests: ferry_get_peer: who is on the other end of a socket, and how far that is proof.
 */
#include "trust.h"

#include <netinet/in.h>

/* ferry_get_peer fails with error, and says that it knows nobody. */
static void knows_nobody(int sock, int error)
{
	struct ferry_peer peer;

	memset(&peer, 0x55, sizeof(peer));
	CHECK_FAILS(ferry_get_peer(sock, &peer, sizeof(peer)), error);
	check_unknown(&peer);
}

/* An own process: its number and its pidfd are those of this test. */
static void check_is(struct ferry_peer *peer, pid_t pid)
{
	CHECK_INT(peer->uid, ==, geteuid());
	CHECK_INT(peer->gid, ==, getegid());
	CHECK_INT(peer->pid, ==, pid);
	CHECK_INT(peer->proven & (FERRY_UID_PROVEN | FERRY_PID_PROVEN), ==,
		  FERRY_UID_PROVEN | FERRY_PID_PROVEN);
	CHECK_INT(peer->proven & FERRY_MAY_BE_CLAIM, ==, 0);
	check_pidfd(peer, pid);
	close(peer->pidfd);
}

TEST_EACH_CONNECTED(both_ends_of_a_connection)
{
	struct ferry_peer peer;
	int server, client;

	served(own_name(), type, &server, &client);
	CHECK_OK(ferry_get_peer(server, &peer, sizeof(peer)));
	check_is(&peer, getpid());
	CHECK_OK(ferry_get_peer(client, &peer, sizeof(peer)));
	check_is(&peer, getpid());
	close(server);
	close(client);
}

TEST_EACH_CONNECTED(a_pair_shows_who_made_it)
{
	struct ferry_peer peer;
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(ferry_get_peer(pair[i], &peer, sizeof(peer)));
		check_is(&peer, getpid());
	}
	close_pair(pair);
}

/* What was known before is overwritten and not closed. */
TEST(each_call_gives_a_pidfd_of_its_own)
{
	struct ferry_peer first, second;
	int pair[2];

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	CHECK_OK(ferry_get_peer(pair[0], &first, sizeof(first)));
	second = first;
	CHECK_OK(ferry_get_peer(pair[0], &second, sizeof(second)));
	if (first.pidfd >= 0) {
		CHECK_INT(first.pidfd, !=, second.pidfd);
		CHECK_OK(fcntl(first.pidfd, F_GETFD));
	}
	ferry_close_all(&first.pidfd, 1);
	ferry_close_all(&second.pidfd, 1);
	close_pair(pair);
}

TEST(not_connected)
{
	int sock = plain_socket(SOCK_STREAM), bound = plain_bind(own_name(), SOCK_SEQPACKET);

	knows_nobody(sock, ENODATA);
	knows_nobody(bound, ENODATA);
	close(sock);
	close(bound);
}

TEST(a_datagram_socket_has_no_peer)
{
	int server, client;

	served(own_name(), SOCK_DGRAM, &server, &client);
	knows_nobody(server, ENODATA);
	knows_nobody(client, ENODATA);
	close(server);
	close(client);
}

/* The kernel would answer with this process itself. */
TEST_EACH_CONNECTED(a_listener_has_no_peer)
{
	int listener = CHECK_OK(ferry_bind(own_name(), type, 0, 0));

	knows_nobody(listener, EINVAL);
	close(listener);
}

TEST(what_is_no_unix_socket)
{
	int file = new_file(), tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	knows_nobody(file, ENOTSOCK);
	if (tcp >= 0)
		knows_nobody(tcp, EPROTONOSUPPORT);
	close(file);
	ferry_close_all(&tcp, 1);
	knows_nobody(99, EBADF);
	knows_nobody(-1, EBADF);
}

TEST(sizes)
{
	struct {
		struct ferry_peer peer;
		char more[8];
	} big = {.more = {0}};
	int pair[2];

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	CHECK_FAILS(ferry_get_peer(pair[0], NULL, sizeof(big.peer)), EINVAL);
	CHECK_FAILS(ferry_get_peer(pair[0], &big.peer, sizeof(big.peer) - 1), EINVAL);
	CHECK_FAILS(ferry_get_peer(pair[0], &big.peer, 0), EINVAL);
	big.more[7] = 1;
	CHECK_FAILS(ferry_get_peer(pair[0], &big.peer, sizeof(big)), E2BIG);
	big.more[7] = 0;
	CHECK_OK(ferry_get_peer(pair[0], &big.peer, sizeof(big)));
	CHECK_INT(big.peer.pid, ==, getpid());
	ferry_close_all(&big.peer.pidfd, 1);
	close_pair(pair);
}

/* A child, as another user where that can be, that connects, says so, and waits to be told to end. */
struct visitor {
	int go[2]; /* closed: end */
	bool drop;
	const char *name;
};

static void visit(void *arg)
{
	struct visitor *v = arg;
	struct pollfd p = {.fd = v->go[0], .events = POLLIN};
	int sock;

	close(v->go[1]);
	if (v->drop)
		drop_root();
	sock = CHECK_OK(ferry_connect(v->name, SOCK_SEQPACKET, 0, 5000));
	CHECK_INT(poll(&p, 1, 8000), ==, 1);
	close(sock);
	close(v->go[0]);
}

/* Returns the connection; the visitor lives until go[1] is closed. */
static int be_visited(struct visitor *v, pid_t *ret_pid)
{
	int listener, sock;

	v->name = own_name();
	listener = CHECK_OK(ferry_bind(v->name, SOCK_SEQPACKET, 0, 0));
	CHECK_OK(pipe2(v->go, O_CLOEXEC));
	*ret_pid = in_child(visit, v);
	sock = CHECK_OK(ferry_accept(listener, 0, 5000));
	close(listener);
	close(v->go[0]);
	return sock;
}

TEST(another_user)
{
	struct visitor v = {.drop = true};
	struct ferry_peer peer;
	uid_t uid = is_root() ? dropped_id() : geteuid();
	gid_t gid = is_root() ? dropped_id() : getegid();
	pid_t pid;
	int sock = be_visited(&v, &pid);

	CHECK_OK(ferry_get_peer(sock, &peer, sizeof(peer)));
	CHECK_INT(peer.uid, ==, uid);
	CHECK_INT(peer.gid, ==, gid);
	CHECK_INT(peer.pid, ==, pid);
	CHECK_INT(peer.proven & FERRY_UID_PROVEN, !=, 0);
	check_pidfd(&peer, pid);
	ferry_close_all(&peer.pidfd, 1);
	close(v.go[1]);
	join_child(pid);
	close(sock);
}

/* The ids of the moment of connect(2): what becomes of the process does not change them. */
static void connect_and_drop(const char *name, int pair_end)
{
	int sock = CHECK_OK(ferry_connect(name, SOCK_STREAM, 0, 5000));
	char byte;

	drop_root();
	CHECK_INT(write(sock, "x", 1), ==, 1);
	CHECK_INT(read(pair_end, &byte, 1), ==, 0);
	close(sock);
	close(pair_end);
}

TEST(as_it_was_then)
{
	struct ferry_peer peer;
	const char *name = own_name();
	int listener, pair[2], sock;
	char byte;
	pid_t pid;

	if (!is_root())
		SKIP("only root can become somebody else");
	listener = CHECK_OK(ferry_bind(name, SOCK_STREAM, 0, 0));
	CHECK_OK(pipe2(pair, O_CLOEXEC));
	pid = fork();
	CHECK_OK(pid);
	if (pid == 0) {
		close(pair[1]);
		connect_and_drop(name, pair[0]);
		_exit(0);
	}
	close(pair[0]);
	sock = CHECK_OK(ferry_accept(listener, 0, 5000));
	CHECK_INT(read(sock, &byte, 1), ==, 1);
	CHECK_OK(ferry_get_peer(sock, &peer, sizeof(peer)));
	CHECK_INT(peer.uid, ==, 0);
	CHECK_INT(peer.pid, ==, pid);
	ferry_close_all(&peer.pidfd, 1);
	close(pair[1]);
	join_child(pid);
	close(sock);
	close(listener);
}

/* The pid may be anybody's by now; a pidfd is of that process or there is none. */
TEST(a_peer_that_has_ended)
{
	struct visitor v = {.drop = false};
	struct ferry_peer peer;
	pid_t pid;
	int sock = be_visited(&v, &pid);

	close(v.go[1]);
	join_child(pid);
	CHECK_OK(ferry_get_peer(sock, &peer, sizeof(peer)));
	CHECK_INT(peer.uid, ==, geteuid());
	CHECK_INT(peer.pid, ==, pid);
	if (peer.pidfd >= 0) {
		CHECK_INT(peer.proven & FERRY_PIDFD_PROVEN, !=, 0);
		CHECK_INT(peer.pidfd_err, ==, 0);
		CHECK_ERRNO(signal_pidfd(peer.pidfd, 0), ESRCH);
		CHECK_INT(fdinfo_pid(peer.pidfd), ==, -1);
		close(peer.pidfd);
	} else {
		CHECK(peer.pidfd_err == ESRCH || peer.pidfd_err == EOPNOTSUPP);
		CHECK_INT(peer.proven & FERRY_PIDFD_PROVEN, ==, 0);
	}
	close(sock);
}

TEST(a_pidfd_kept_from_before_says_that_it_has_ended)
{
	struct visitor v = {.drop = false};
	struct ferry_peer peer;
	struct pollfd p = {.events = POLLIN};
	pid_t pid;
	int sock = be_visited(&v, &pid);

	CHECK_OK(ferry_get_peer(sock, &peer, sizeof(peer)));
	if (peer.pidfd >= 0) {
		p.fd = peer.pidfd;
		CHECK_INT(poll(&p, 1, 0), ==, 0);
	}
	close(v.go[1]);
	join_child(pid);
	if (peer.pidfd < 0) {
		close(sock);
		SKIP("this kernel has no pidfd: error %d", (int)peer.pidfd_err);
	}
	CHECK_INT(poll(&p, 1, 0), ==, 1);
	close(peer.pidfd);
	close(sock);
}

TEST(a_full_table)
{
	struct ferry_peer peer;
	struct fd_table *before;
	int pair[2];

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	before = remember_fds();
	limit_fds((unsigned)open_fds());
	CHECK_OK(ferry_get_peer(pair[0], &peer, sizeof(peer)));
	limit_fds(256);
	CHECK_INT(peer.pidfd, ==, -1);
	CHECK(peer.pidfd_err == EMFILE || peer.pidfd_err == EOPNOTSUPP);
	CHECK_INT(peer.pid, ==, getpid());
	/* Whether 65534 is a user takes a descriptor to find out. */
	if (geteuid() != 65534 && getegid() != 65534) {
		CHECK_INT(peer.uid, ==, geteuid());
		CHECK_INT(peer.proven, ==, FERRY_UID_PROVEN | FERRY_PID_PROVEN);
	}
	CHECK_FDS(before);
	close_pair(pair);
}

/* A pidfd never becomes somebody's standard input, and none is left behind if that is all there is. */
TEST(a_low_number_is_free)
{
	struct ferry_peer peer;
	int pair[2], saved, low;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	saved = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 3));
	close(0);
	CHECK_OK(ferry_get_peer(pair[0], &peer, sizeof(peer)));
	low = fcntl(0, F_GETFD);
	if (peer.pidfd >= 0)
		CHECK_INT(peer.pidfd, >, 2);
	ferry_close_all(&peer.pidfd, 1);
	limit_fds((unsigned)open_fds() + 1);
	CHECK_OK(ferry_get_peer(pair[0], &peer, sizeof(peer)));
	limit_fds(256);
	CHECK_INT(fcntl(0, F_GETFD), ==, -1);
	CHECK_INT(peer.pidfd, ==, -1);
	CHECK(peer.pidfd_err == EMFILE || peer.pidfd_err == EOPNOTSUPP);
	CHECK_INT(dup2(saved, 0), ==, 0);
	CHECK_INT(low, ==, -1);
	close(saved);
	close_pair(pair);
}

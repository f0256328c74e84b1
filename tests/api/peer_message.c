/* SPDX-License-Identifier: MIT
 *
 * peer_message.c - tests: who sent this message: FERRY_CREDS, FERRY_PIDFDS and the peer of ferry_recv.
 */
#include "trust.h"

#include <sys/wait.h>

/* The next message is text, without descriptors, and this is who sent it. */
#define CHECK_FROM(sock, text, ret_peer)                                                           \
	do {                                                                                       \
		struct box from_box;                                                               \
                                                                                                   \
		CHECK_INT(recv_peer((sock), &from_box, (ret_peer)), ==, 1);                        \
		CHECK_STR(from_box.data, (text));                                                  \
		CHECK_INT(from_box.msg.nfds, ==, 0);                                               \
	} while (0)

static int recv_peer(int sock, struct box *b, struct ferry_peer *ret)
{
	int r, err;

	memset(ret, 0x55, sizeof(*ret));
	box_new(b, 1);
	b->msg.peer = ret;
	b->msg.peer_size = sizeof(*ret);
	r = ferry_recv(sock, &b->msg, sizeof(b->msg));
	err = errno;
	b->data[b->msg.len] = '\0';
	box_check(b);
	errno = err;
	return r;
}

TEST_EACH_TYPE(own_messages)
{
	struct ferry_peer peer;
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, FERRY_CREDS));
	CHECK_OK(send_text(pair[0], "mine", NULL, 0));
	CHECK_FROM(pair[1], "mine", &peer);
	CHECK_INT(peer.uid, ==, getuid());
	CHECK_INT(peer.gid, ==, getgid());
	CHECK_INT(peer.pid, ==, getpid());
	CHECK_INT(peer.proven, ==, FERRY_UID_PROVEN | FERRY_PID_PROVEN | FERRY_MAY_BE_CLAIM);
	CHECK_INT(peer.pidfd, ==, -1);
	CHECK_INT(peer.pidfd_err, ==, EOPNOTSUPP);
	close_pair(pair);
}

/* Each message has its own sender, along with its descriptors. */
static void send_as_other(void *arg)
{
	int sock = *(int *)arg, file = new_file();

	drop_root();
	CHECK_OK(send_text(sock, "other", &file, 1));
	close(file);
}

TEST_EACH_TYPE(two_senders)
{
	struct ferry_peer peer;
	struct box b;
	int pair[2];
	pid_t pid;

	CHECK_OK(ferry_pair(pair, type, FERRY_CREDS));
	CHECK_OK(send_text(pair[0], "mine", NULL, 0));
	pid = in_child(send_as_other, &pair[0]);
	join_child(pid);
	CHECK_FROM(pair[1], "mine", &peer);
	CHECK_INT(peer.uid, ==, getuid());
	CHECK_INT(peer.pid, ==, getpid());
	CHECK_INT(recv_peer(pair[1], &b, &peer), ==, 1);
	CHECK_STR(b.data, "other");
	CHECK_INT(b.msg.nfds, ==, 1);
	CHECK_INT(peer.uid, ==, is_root() ? dropped_id() : getuid());
	CHECK_INT(peer.gid, ==, is_root() ? dropped_id() : getgid());
	CHECK_INT(peer.pid, ==, pid);
	CHECK_INT(peer.proven & FERRY_UID_PROVEN, !=, 0);
	close(b.fds[0]);
	close_pair(pair);
}

TEST_EACH_PACKET(through_bind_and_connect)
{
	struct ferry_peer peer;
	int server = CHECK_OK(ferry_bind(own_name(), type, 0, FERRY_CREDS));
	int client = CHECK_OK(ferry_connect(own_name(), type, 0, 0));

	if (type != SOCK_DGRAM) {
		int listener = server;

		/* Also what is sent before it is accepted. */
		CHECK_OK(send_text(client, "early", NULL, 0));
		server = CHECK_OK(ferry_accept(listener, FERRY_CREDS, 0));
		close(listener);
		CHECK_FROM(server, "early", &peer);
		CHECK_INT(peer.pid, ==, getpid());
	}
	CHECK_OK(send_text(client, "late", NULL, 0));
	CHECK_FROM(server, "late", &peer);
	CHECK_INT(peer.pid, ==, getpid());
	CHECK_INT(peer.uid, ==, getuid());
	close(server);
	close(client);
}

static void linger_a_second(void *arg)
{
	char byte;

	CHECK_INT(read(*(int *)arg, &byte, 1), ==, 0);
}

/* The kernel lets root claim anybody: it is known to be a claim. */
TEST_EACH_TYPE(a_forged_sender)
{
	struct ucred claim = {.uid = 4242, .gid = 4343};
	struct ferry_peer peer;
	int pair[2], until[2];
	pid_t pid;

	if (!is_root())
		SKIP("only root can forge credentials");
	CHECK_OK(pipe2(until, O_CLOEXEC));
	pid = fork();
	CHECK_OK(pid);
	if (pid == 0) {
		close(until[1]);
		linger_a_second(&until[0]);
		_exit(0);
	}
	claim.pid = pid;
	CHECK_OK(ferry_pair(pair, type, FERRY_CREDS | FERRY_PIDFDS));
	CHECK_OK(plain_send_as(pair[0], "claim", &claim));
	CHECK_FROM(pair[1], "claim", &peer);
	CHECK_INT(peer.uid, ==, 4242);
	CHECK_INT(peer.gid, ==, 4343);
	CHECK_INT(peer.pid, ==, pid);
	CHECK_INT(peer.proven & FERRY_MAY_BE_CLAIM, !=, 0);
	ferry_close_all(&peer.pidfd, 1);
	close(until[0]);
	close(until[1]);
	join_child(pid);
	close_pair(pair);
}

static void try_to_forge(void *arg)
{
	const struct ucred root = {.pid = getpid(), .uid = 0, .gid = 0};
	const struct ucred parent = {.pid = getppid(), .uid = getuid(), .gid = getgid()};
	int sock = *(int *)arg;

	drop_root();
	CHECK_INT(plain_send_as(sock, "root", &root), ==, -EPERM);
	CHECK_INT(plain_send_as(sock, "parent", &parent), ==, -EPERM);
}

TEST_EACH_TYPE(who_has_no_privilege_cannot_forge)
{
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, FERRY_CREDS));
	join_child(in_child(try_to_forge, &pair[0]));
	check_empty(pair[1]);
	close_pair(pair);
}

/* Without the flag nobody is named, on seqpacket neither, where the option is on for another reason. */
TEST_EACH_PACKET(without_the_flag)
{
	struct ferry_peer peer;
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "who", NULL, 0));
	CHECK_FROM(pair[1], "who", &peer);
	if (type == SOCK_DGRAM)
		check_unknown(&peer);
	else
		CHECK_INT(peer.proven & FERRY_MAY_BE_CLAIM, ==,
			  peer.proven != 0 ? FERRY_MAY_BE_CLAIM : 0);
	CHECK_INT(peer.pidfd, ==, -1);
	close_pair(pair);
}

TEST(without_the_flag_stream)
{
	struct ferry_peer peer;
	int pair[2];

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	CHECK_OK(send_text(pair[0], "who", NULL, 0));
	CHECK_FROM(pair[1], "who", &peer);
	check_unknown(&peer);
	close_pair(pair);
}

/* What was queued before the option has the ids of nobody, 65534, and no pid: that is not a user. */
TEST_EACH_TYPE(queued_before_the_option)
{
	struct ferry_peer peer;
	int pair[2];

	plain_pair(type, pair);
	CHECK_INT(write(pair[0], "before", 6), ==, 6);
	CHECK_INT(ferry_prepare(pair[1], FERRY_CREDS), ==, type);
	CHECK_FROM(pair[1], "before", &peer);
	check_unknown(&peer);
	CHECK_INT(write(pair[0], "behind", 6), ==, 6);
	CHECK_FROM(pair[1], "behind", &peer);
	CHECK_INT(peer.pid, ==, getpid());
	close_pair(pair);
}

/* End of file and failures name nobody, and give nothing to close. */
TEST_EACH_CONNECTED(nobody_at_the_end)
{
	struct ferry_peer peer;
	struct box b;
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, FERRY_PIDFDS));
	memset(&peer, 0x55, sizeof(peer));
	box_new(&b, 0);
	b.msg.flags = FERRY_NOWAIT;
	b.msg.peer = &peer;
	b.msg.peer_size = sizeof(peer);
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EAGAIN);
	check_unknown(&peer);
	close(pair[0]);
	CHECK_INT(recv_peer(pair[1], &b, &peer), ==, 0);
	check_unknown(&peer);
	close(pair[1]);
}

/* Who sent it matters then too: not everybody may make a caller give up. */
static void check_refused(const int pair[2], struct ferry_msg *msg, int err)
{
	struct fd_table *before = remember_fds();
	struct ferry_peer peer;
	int files[2] = {new_file(), new_file()}, fds[3];
	char data[8];
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};

	CHECK_OK(send_text(pair[0], "two", files, 2));
	ferry_close_all(files, 2);
	memset(&peer, 0x55, sizeof(peer));
	msg->iov = &iov;
	msg->iovlen = 1;
	msg->fds = fds;
	msg->peer = &peer;
	msg->peer_size = sizeof(peer);
	limit_fds((unsigned)open_fds() + (err == EMFILE ? 1 : 100));
	CHECK_FAILS(ferry_recv(pair[1], msg, sizeof(*msg)), err);
	limit_fds(256);
	CHECK_INT(peer.uid, ==, getuid());
	CHECK_INT(peer.pid, ==, getpid());
	CHECK_INT(peer.proven, ==, FERRY_UID_PROVEN | FERRY_PID_PROVEN | FERRY_MAY_BE_CLAIM);
	CHECK_INT(peer.pidfd, ==, -1);
	if (err != EMFILE)
		CHECK_INT(peer.pidfd_err, ==, has_option(SO_PASSPIDFD) ? ECANCELED : EOPNOTSUPP);
	CHECK_FDS(before);
}

TEST_EACH_TYPE(a_refused_message_names_its_sender)
{
	const struct ferry_expect fifo = {.kinds = FERRY_IS_FIFO};
	size_t budget = 1;
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, FERRY_PIDFDS));
	check_refused(pair, &(struct ferry_msg){.max_fds = 1}, EMSGSIZE);
	check_refused(pair, &(struct ferry_msg){.max_fds = 3, .min_fds = 3}, ENOMSG);
	check_refused(pair, &(struct ferry_msg){.max_fds = 2, .budget = &budget}, EDQUOT);
	check_refused(pair,
		      &(struct ferry_msg){.max_fds = 2,
					  .expect = &fifo,
					  .expect_size = sizeof(fifo)},
		      EBADFD);
	check_refused(pair, &(struct ferry_msg){.max_fds = 2}, EMFILE);
	close_pair(pair);
}

TEST_EACH_TYPE(pidfds)
{
	struct ferry_peer peer;
	struct fd_table *before;
	struct box b;
	int pair[2], file = new_file();

	if (!has_option(SO_PASSPIDFD))
		SKIP("no SO_PASSPIDFD: Linux 6.5 has it");
	CHECK_OK(ferry_pair(pair, type, FERRY_PIDFDS));
	before = remember_fds();
	CHECK_OK(send_text(pair[0], "file", &file, 1));
	CHECK_INT(recv_peer(pair[1], &b, &peer), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 1);
	CHECK(same_file(b.fds[0], file));
	close(b.fds[0]);
	CHECK_INT(peer.pid, ==, getpid());
	CHECK_INT(peer.proven, ==,
		  FERRY_UID_PROVEN | FERRY_PID_PROVEN | FERRY_PIDFD_PROVEN | FERRY_MAY_BE_CLAIM);
	check_pidfd(&peer, getpid());
	close(peer.pidfd);
	/* Who does not ask for the sender gets no descriptor of it. */
	CHECK_OK(send_text(pair[0], "text", NULL, 0));
	CHECK_TEXT(pair[1], "text");
	CHECK_FDS(before);
	close(file);
	close_pair(pair);
}

/* The sender has ended and its pid is free, when its message is read. */
static void say_and_end(void *arg)
{
	CHECK_OK(send_text(*(int *)arg, "last", NULL, 0));
}

TEST_EACH_TYPE(pidfd_of_a_sender_that_has_ended)
{
	struct ferry_peer peer;
	int pair[2];
	pid_t pid;

	if (!has_option(SO_PASSPIDFD))
		SKIP("no SO_PASSPIDFD: Linux 6.5 has it");
	CHECK_OK(ferry_pair(pair, type, FERRY_PIDFDS));
	pid = in_child(say_and_end, &pair[0]);
	join_child(pid);
	CHECK_FROM(pair[1], "last", &peer);
	CHECK_INT(peer.pid, ==, pid);
	if (peer.pidfd < 0) {
		CHECK_INT(peer.pidfd_err, ==, ESRCH);
		CHECK_INT(peer.proven & FERRY_PIDFD_PROVEN, ==, 0);
	} else {
		CHECK_ERRNO(signal_pidfd(peer.pidfd, 0), ESRCH);
		close(peer.pidfd);
	}
	close_pair(pair);
}

/* No number for the pidfd: that is no reason to lose the message. */
TEST_EACH_TYPE(pidfd_at_a_full_table)
{
	struct ferry_peer peer;
	struct fd_table *before;
	struct box b;
	int pair[2], file = new_file();

	if (!has_option(SO_PASSPIDFD))
		SKIP("no SO_PASSPIDFD: Linux 6.5 has it");
	CHECK_OK(ferry_pair(pair, type, FERRY_PIDFDS));
	before = remember_fds();
	for (unsigned room = 0; room < 2; room++) {
		CHECK_OK(send_text(pair[0], "full", &file, room));
		limit_fds((unsigned)open_fds() + room);
		CHECK_INT(recv_peer(pair[1], &b, &peer), ==, 1);
		limit_fds(256);
		CHECK_STR(b.data, "full");
		CHECK_INT(b.msg.nfds, ==, room);
		ferry_close_all(b.fds, room);
		CHECK_INT(peer.pidfd, ==, -1);
		CHECK_INT(peer.pidfd_err, ==, EMFILE);
		CHECK_INT(peer.proven & FERRY_PIDFD_PROVEN, ==, 0);
		CHECK_INT(peer.pid, ==, getpid());
	}
	CHECK_FDS(before);
	close(file);
	close_pair(pair);
}

TEST(sizes)
{
	struct {
		struct ferry_peer peer;
		char more[8];
	} big = {.more = {0}};
	struct ferry_peer peer;
	struct box b;
	int pair[2];

	CHECK_OK(ferry_pair(pair, SOCK_DGRAM, FERRY_CREDS));
	CHECK_OK(send_text(pair[0], "kept", NULL, 0));
	box_new(&b, 0);
	b.msg.peer = &peer;
	for (size_t size = 0; size < sizeof(peer); size += 4) {
		b.msg.peer_size = size;
		CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EINVAL);
	}
	big.more[0] = 1;
	b.msg.peer = &big.peer;
	b.msg.peer_size = sizeof(big);
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), E2BIG);
	CHECK_FROM(pair[1], "kept", &peer);
	close_pair(pair);
}

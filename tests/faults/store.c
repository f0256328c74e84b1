/* SPDX-License-Identifier: MIT
 * store.c - a store's client, with each call failing in turn.
 *
 * The request has an id that is known, so that its answer can be there before it is asked. */
#include "../api/store.h"
#include "wrap/inject.h"

#define FILES 3

int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *h, int flags);

static struct fake f;
static struct ferry_store *s;
static struct ferry_request r;
static int files[FILES], got[FILES];

static void serve(void)
{
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	fake_open_door(&f);
	for (int i = 0; i < FILES; i++)
		files[i] = new_file();
}

static void end_serving(void)
{
	ferry_close_all(files, FILES);
	fake_close_door(&f);
}

static void request(void)
{
	r = (struct ferry_request){.names = a,
				   .nnames = 1,
				   .fds = got,
				   .max_fds = FILES,
				   .timeout_ms = 20,
				   .id = "known"};
	for (int i = 0; i < FILES; i++)
		got[i] = -1;
}

/* The store does not fail. */
static void say(int conn, const char *text, size_t nfds)
{
	char whole[200];
	struct iovec iov = {.iov_base = whole};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(files))];
	} control = {.align = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	iov.iov_len = (size_t)snprintf(whole, sizeof(whole), "REQUEST=known\n%s", text);
	if (nfds > 0) {
		control.align.cmsg_len =
			(__typeof__(control.align.cmsg_len))CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), files, nfds * sizeof(int));
		h.msg_control = &control;
		h.msg_controllen = (__typeof__(h.msg_controllen))CMSG_SPACE(nfds * sizeof(int));
	}
	CHECK_INT(__real_sendmsg(conn, &h, 0), ==, iov.iov_len);
}

/* One request of a client that is there only for that; what is under way at the end is given up. */
static int asks(call *ask, const char *first, size_t nfds, const char *second, size_t more)
{
	int conn, result, err;

	result = ferry_store_open(&s, ".", 0, 1000);
	if (result < 0)
		return result;
	conn = CHECK_OK(__real_accept4(f.listener, NULL, NULL, SOCK_CLOEXEC));
	say(conn, first, nfds);
	if (second != NULL)
		say(conn, second, more);
	result = ask(s, &r, sizeof(r));
	err = errno;
	ferry_store_close(s);
	close(conn);
	while (waitpid(-1, NULL, __WALL) > 0) /* who closes what was not given */
		;
	errno = err;
	return result;
}

static void serve_nobody(void)
{
	fake_open_door(&f);
}

static int opens(void)
{
	return ferry_store_open(&s, ".", 0, 1000);
}

static void after_open(int result, const struct fault_seen *seen)
{
	(void)seen;
	CHECK_INT(s != NULL, ==, result == 0);
	ferry_store_close(s);
}

static void close_door(void)
{
	fake_close_door(&f);
}

/* A connection that is lost is made anew, and nobody answers there. */
static const int also[] = {ETIMEDOUT, 0};

TEST_SECONDS(open_store, 60)
{
	const struct fault_case c = {.name = "open",
				     .before = serve_nobody,
				     .op = opens,
				     .after = after_open,
				     .undo = close_door,
				     .fewest = 6};

	fault_each(&c);
}

static int puts_some(void)
{
	request();
	r.fds = files;
	r.nfds = FILES;
	r.max_fds = 0;
	return asks(ferry_put, "ERRNO=0\nID=7\nCOUNT=3", 0, NULL, 0);
}

static void after_put(int result, const struct fault_seen *seen)
{
	(void)seen;
	CHECK_INT(r.first_id, ==, result == 0 ? 7 : 0);
	CHECK_STR(r.id, result == 0 ? "" : "known");
}

TEST_SECONDS(put, 120)
{
	const struct fault_case c = {.name = "put",
				     .before = serve,
				     .op = puts_some,
				     .after = after_put,
				     .undo = end_serving,
				     .also = also,
				     .fewest = 8};

	fault_each(&c);
}

#define THREE "ERRNO=0\nNAME=a\nFLAGS=32770\nUID=7\nID=5\nID=6\nID=7"

static int gets_some(void)
{
	request();
	r.flags = FERRY_RESTORE_FLAGS;
	return asks(ferry_get, THREE, FILES, NULL, 0);
}

static int takes_some(void)
{
	request();
	return asks(ferry_take, THREE, FILES, "ERRNO=0\nCOUNT=3", 0);
}

static void after_get(int result, const struct fault_seen *seen)
{
	(void)seen;
	for (size_t i = 0; i < FILES; i++)
		CHECK(result < 0 ? got[i] == -1 : same_file(got[i], files[i]));
	ferry_close_all(got, FILES);
}

TEST_SECONDS(get, 120)
{
	const struct fault_case c = {.name = "get",
				     .before = serve,
				     .op = gets_some,
				     .after = after_get,
				     .undo = end_serving,
				     .also = also,
				     .expected = FILES,
				     .fewest = 8 + FILES};

	fault_each(&c);
}

TEST_SECONDS(take, 120)
{
	const struct fault_case c = {.name = "take",
				     .before = serve,
				     .op = takes_some,
				     .after = after_get,
				     .undo = end_serving,
				     .also = also,
				     .expected = FILES,
				     .fewest = 10};

	fault_each(&c);
}

static int lists_some(void)
{
	request();
	return asks(ferry_list, "ERRNO=0\nID=7\nNAME=a\nMORE=1", 0, "ERRNO=0\nID=8\nNAME=a", 0);
}

static void after_list(int result, const struct fault_seen *seen)
{
	(void)result;
	(void)seen;
}

TEST_SECONDS(list, 120)
{
	const struct fault_case c = {.name = "list",
				     .before = serve,
				     .op = lists_some,
				     .after = after_list,
				     .undo = end_serving,
				     .also = also,
				     .fewest = 8};

	fault_each(&c);
}

static void fails(int (*op)(void), const char *name, unsigned behind, int err)
{
	struct fd_table *fds;

	serve();
	fds = remember_fds();
	fault_call(name, behind, err);
	CHECK_FAILS(op(), err);
	fault_end();
	CHECK_FDS(fds);
	after_get(-err, NULL);
	end_serving();
}

TEST(open_without_means)
{
	serve_nobody();
	fault_call("calloc", 0, ENOMEM);
	CHECK_FAILS(opens(), ENOMEM);
	fault_call("getrandom", 0, ENOSYS);
	CHECK_FAILS(opens(), ENOSYS);
	fault_end();
	close_door();
}

static int gets_a_flag(void)
{
	request();
	r.flags = FERRY_RESTORE_FLAGS;
	return asks(ferry_get, "ERRNO=0\nNAME=a\nFLAGS=34818\nUID=7\nID=5", 1, NULL, 0);
}

TEST(flags_without_leave)
{
	fails(gets_a_flag, "fcntl", 1, EPERM); /* F_GETFL, F_SETFL */
}

static int gets_two(void)
{
	request();
	return asks(ferry_get, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nMORE=1", 1,
		    "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=6", 1);
}

TEST(get_without_memory)
{
	fails(gets_two, "malloc", 0, ENOMEM);
	fails(gets_two, "malloc", 1, ENOMEM);
}

TEST(list_without_memory)
{
	fails(lists_some, "realloc", 0, ENOMEM);
}

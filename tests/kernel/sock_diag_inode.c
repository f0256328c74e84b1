/* SPDX-License-Identifier: MIT
 *
 * sock_diag_inode.c - sock_diag tells which inode a bound socket's file has, to everybody.
 *
 * S7, sock_diag(7) UDIAG_SHOW_VFS, sk_diag_dump_vfs(): asked by the inode number of the socket itself
 * (what fstat() of its descriptor says), the kernel names that of the file it was bound to, cut to 32
 * bits.
 *
 * The library therefore can tell whether a path still leads to the socket that it bound, before it
 * removes the file.
 */
#include "plain.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/vfs.h>

struct request {
	struct nlmsghdr header;
	struct unix_diag_req diag;
};

/* Returns the kernel's answer to an exact question, in buffer. */
static struct nlmsghdr *ask(ino_t socket_inode, void *buffer, size_t size)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct request req = {
		.header = {.nlmsg_len = sizeof req,
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST},
		.diag = {.sdiag_family = AF_UNIX,
			 .udiag_states = ~0u,
			 .udiag_ino = (__u32)socket_inode,
			 .udiag_show = UDIAG_SHOW_VFS,
			 .udiag_cookie = {~0u, ~0u}},
	};
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	ssize_t n;

	if (sock < 0)
		SKIP("no NETLINK_SOCK_DIAG: %s", strerror(errno));
	CHECK_OK(sendto(sock, &req, sizeof req, 0, (struct sockaddr *)&kernel, sizeof kernel));
	n = CHECK_OK(recv(sock, buffer, size, 0));
	CHECK_INT(n, >=, sizeof(struct nlmsghdr));
	CHECK_OK(close(sock));
	return buffer;
}

static void check_inode(void)
{
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} buffer;
	int server = new_server(SOCK_STREAM, "s");
	struct stat st, file;
	struct statfs fs;
	struct nlmsghdr *answer;
	struct unix_diag_vfs vfs = {0};

	CHECK_OK(statfs(".", &fs));
	if (fs.f_type == 0x794c7630)
		SKIP("overlayfs shows other inode numbers than it has");
	CHECK_OK(fstat(server, &st));
	CHECK_OK(stat("s", &file));
	CHECK_INT(st.st_ino, !=, file.st_ino);
	answer = ask(st.st_ino, &buffer, sizeof buffer);
	if (answer->nlmsg_type == NLMSG_ERROR) {
		struct nlmsgerr *error = NLMSG_DATA(answer);

		SKIP("sock_diag does not know AF_UNIX here: %s", strerror(-error->error));
	}
	CHECK_INT(answer->nlmsg_type, ==, SOCK_DIAG_BY_FAMILY);

	struct unix_diag_msg *msg = NLMSG_DATA(answer);
	struct rtattr *attr = (struct rtattr *)(void *)(msg + 1);
	unsigned int left = (unsigned int)NLMSG_PAYLOAD(answer, sizeof *msg);

	CHECK_INT(msg->udiag_ino, ==, (__u32)st.st_ino);
	while (RTA_OK(attr, left) && attr->rta_type != UNIX_DIAG_VFS)
		attr = RTA_NEXT(attr, left);
	CHECK(RTA_OK(attr, left));
	CHECK_INT(RTA_PAYLOAD(attr), >=, sizeof vfs);
	memcpy(&vfs, RTA_DATA(attr), sizeof vfs);
	CHECK_INT(vfs.udiag_vfs_ino, ==, (__u32)file.st_ino);
	CHECK_OK(close(server));
	CHECK_OK(unlink("s"));
}

TEST(it_names_the_inode_of_the_file)
{
	check_inode();
}

TEST(an_unprivileged_user_may_ask)
{
	drop_root();
	check_inode();
}

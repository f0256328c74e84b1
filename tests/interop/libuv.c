/* SPDX-License-Identifier: MIT
 * libuv.c - libuv send|recv SOCKET: uv_write2 and uv_accept, which take sockets only.
 *
 * Both print the inode of the TCP listener that passes; recv lets it accept a connection. */
#include "peer.h"

#include <sys/stat.h>
#include <uv.h>

static uv_pipe_t pipe_handle;
static uv_tcp_t listener, client, accepted;
static uv_connect_t connecting;
static uv_write_t writing;

static void must(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, uv_strerror(r));
}

static void says_inode(uv_tcp_t *tcp)
{
	uv_os_fd_t fd;
	struct stat st;

	must(uv_fileno((uv_handle_t *)tcp, &fd), "uv_fileno");
	if (fstat(fd, &st) < 0)
		err(1, "fstat");
	printf("inode %llu\n", (unsigned long long)st.st_ino);
	peer_says_flags(fd);
}

static void is_written(uv_write_t *req, int status)
{
	(void)req;
	must(status, "uv_write2");
	says_inode(&listener);
	uv_close((uv_handle_t *)&listener, NULL);
	uv_close((uv_handle_t *)&pipe_handle, NULL);
}

static void send_listener(void)
{
	struct sockaddr_in address;
	uv_buf_t data = uv_buf_init((char[]){"from libuv"}, 10);

	uv_tcp_init(uv_default_loop(), &listener);
	uv_ip4_addr("127.0.0.1", 0, &address);
	must(uv_tcp_bind(&listener, (struct sockaddr *)&address, 0), "uv_tcp_bind");
	must(uv_write2(&writing, (uv_stream_t *)&pipe_handle, &data, 1, (uv_stream_t *)&listener,
		       is_written),
	     "uv_write2");
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static void is_connected(uv_connect_t *req, int status)
{
	(void)req;
	must(status, "uv_tcp_connect");
}

static void has_come(uv_stream_t *server, int status)
{
	must(status, "uv_listen");
	uv_tcp_init(uv_default_loop(), &accepted);
	must(uv_accept(server, (uv_stream_t *)&accepted), "uv_accept of a connection");
	puts("accepts");
	uv_stop(uv_default_loop());
}

static void room(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	static char data[100];

	(void)handle;
	(void)size;
	*ret = uv_buf_init(data, sizeof(data));
}

static void is_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct sockaddr_in address;
	int len = sizeof(address);

	must((int)n, "uv_read_start");
	uv_read_stop(stream);
	printf("data: %.*s\n", (int)n, buf->base);
	if (uv_pipe_pending_count(&pipe_handle) != 1 ||
	    uv_pipe_pending_type(&pipe_handle) != UV_TCP)
		errx(1, "pending: %d of type %s", uv_pipe_pending_count(&pipe_handle),
		     uv_handle_type_name(uv_pipe_pending_type(&pipe_handle)));
	uv_tcp_init(uv_default_loop(), &listener);
	must(uv_accept(stream, (uv_stream_t *)&listener), "uv_accept");
	says_inode(&listener);
	/* libuv takes it for non-blocking: its second accept(2) would wait for ever. */
	must(uv_stream_set_blocking((uv_stream_t *)&listener, 0), "uv_stream_set_blocking");
	must(uv_listen((uv_stream_t *)&listener, 1, has_come), "uv_listen");
	must(uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &len), "getsockname");
	uv_tcp_init(uv_default_loop(), &client);
	must(uv_tcp_connect(&connecting, &client, (struct sockaddr *)&address, is_connected),
	     "uv_tcp_connect");
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: libuv send|recv SOCKET");
	uv_pipe_init(uv_default_loop(), &pipe_handle, 1);
	must(uv_pipe_open(&pipe_handle, peer_socket(argv[1], argv[2])), "uv_pipe_open");
	if (strcmp(argv[1], "send") == 0) {
		send_listener();
		return 0;
	}
	must(uv_read_start((uv_stream_t *)&pipe_handle, room, is_read), "uv_read_start");
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return 0;
}

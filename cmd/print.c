/* SPDX-License-Identifier: MIT
 * print.c - what has come, as lines for people and as JSON for programs. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_DATA 60 /* bytes of a message's data in its line */
#define LINE_ROOM (4 * PATH_MAX + 1024)

char *base64(const void *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *from = data;
	char *text = malloc(4 * ((len + 2) / 3) + 1), *to = text;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		unsigned long three = (unsigned long)from[i] << 16;

		if (i + 1 < len)
			three |= (unsigned long)from[i + 1] << 8;
		if (i + 2 < len)
			three |= from[i + 2];
		*to++ = digits[three >> 18];
		*to++ = digits[three >> 12 & 63];
		*to++ = i + 1 < len ? digits[three >> 6 & 63] : '=';
		*to++ = i + 2 < len ? digits[three & 63] : '=';
	}
	*to = '\0';
	return text;
}

/* A JSON string must be UTF-8 and a path need not: a byte that is not becomes U+FFFD. */
void print_json_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s != '\0') {
		size_t n = utf8_length(s);

		if (n == 0)
			fputs("\\ufffd", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else if (is_c1(s))
			fprintf(out, "\\u%04x", s[1]);
		else
			fwrite(s, 1, n, out);
		s += n == 0 ? 1 : n;
	}
	fputc('"', out);
}

/* What there is nothing of is null. */
void print_json_text(FILE *out, const char *text)
{
	if (text[0] == '\0')
		fputs("null", out);
	else
		print_json_string(out, text);
}

static void put_json_number(const char *name, int64_t n)
{
	if (n < 0)
		printf(",\"%s\":null", name);
	else
		printf(",\"%s\":%lld", name, (long long)n);
}

static int put_json_descriptor(int fd, const char *before)
{
	static const char *const access[] = {"ro", "wo", "rw"};
	char path[PATH_MAX + 64], names[128], *name, *save = NULL;
	struct ferry_facts st = {.path = path, .path_size = sizeof(path)};
	int err = ferry_stat(fd, &st, sizeof(st));

	if (err < 0)
		return err;
	printf("{%s\"kind\":\"%s\",\"path\":", before, ferry_kind_name(st.kind));
	if (st.kind == FERRY_IS_SOCKET && st.domain != 0) {
		char address[sizeof(path) + 32];

		snprintf(address, sizeof(address), "%s:%s", ferry_socket_name(&st), path);
		print_json_text(stdout, address);
	} else {
		print_json_text(stdout, path);
	}
	printf(",\"access\":");
	print_json_text(stdout, st.access >= 0 && st.access <= O_RDWR ? access[st.access] : "");
	put_json_number("offset", st.offset);
	put_json_number("size", st.size);
	printf(",\"flags\":[");
	ferry_flag_names(&st, names, sizeof(names));
	for (name = strtok_r(names, ",", &save); name != NULL; name = strtok_r(NULL, ",", &save))
		printf("%s\"%s\"", name == names ? "" : ",", name);
	printf("]}");
	return 0;
}

/* One descriptor: a line, or a JSON object without its newline; before stands at the front of either. */
int print_descriptor(int fd, bool json, const char *before)
{
	static char line[LINE_ROOM];
	int err;

	if (json)
		return put_json_descriptor(fd, before);
	err = ferry_describe(fd, line, sizeof(line));
	if (err < 0)
		return err;
	printf("%s%s\n", before, line);
	return 0;
}

static void put_data(const struct ferry_msg *msg)
{
	const unsigned char *data = msg->iov[0].iov_base;

	printf(" \"");
	for (size_t i = 0; i < msg->len && i < SHOWN_DATA; i++)
		if (data[i] == '"' || data[i] == '\\')
			printf("\\%c", data[i]);
		else if (data[i] < 0x20 || data[i] > 0x7e)
			printf("\\x%02x", data[i]);
		else
			putchar(data[i]);
	printf("\"%s", msg->len > SHOWN_DATA ? "..." : "");
}

static int put_json_message(const struct ferry_msg *msg)
{
	char *data = base64(msg->iov[0].iov_base, msg->len);
	int err = data == NULL ? -ENOMEM : 0;

	if (err < 0)
		return err;
	printf("{\"data\":\"%s\",\"from\":", data);
	free(data);
	print_json_text(stdout, msg->from);
	printf(",\"fds\":[");
	for (size_t i = 0; err == 0 && i < msg->nfds; i++) {
		if (i > 0)
			putchar(',');
		err = put_json_descriptor(msg->fds[i], "");
	}
	printf("]}\n");
	return err;
}

/* A whole message; its data is in the first piece of its iovec. */
int print_message(const struct ferry_msg *msg, unsigned long number, bool json)
{
	int err = 0;

	if (json) {
		err = put_json_message(msg);
	} else {
		printf("message %lu: %zu byte%s", number, msg->len, msg->len == 1 ? "" : "s");
		if (msg->len > 0)
			put_data(msg);
		printf(", %zu descriptor%s", msg->nfds, msg->nfds == 1 ? "" : "s");
		if (msg->from[0] != '\0')
			printf(", from %s", msg->from);
		putchar('\n');
		for (size_t i = 0; err == 0 && i < msg->nfds; i++)
			err = print_descriptor(msg->fds[i], false, "  ");
	}
	if (err < 0)
		return say(-1, "cannot tell what a descriptor is: %s", strerror(-err));
	if (fflush(stdout) != 0)
		return say(-1, "cannot write to standard output: %s", strerror(errno));
	return 0;
}

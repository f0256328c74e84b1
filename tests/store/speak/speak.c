/* SPDX-License-Identifier: MIT
 * speak.c - speaks what a file says to a store, and compares what it answers: speak DIR FILE.
 *
 * In plain system calls, so that it is a second opinion of the format and not the library's own.  What
 * the lines of a file mean is in fdferry-store(5), TEST VECTORS. */
#include "speak.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *file;
static int line_number, block_line;

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s:%d: ", file, line_number);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* The message, or what is expected of one, that is being read from the file. */
static struct message block;
static char who, way; /* '1' to '9' or 'n'; '>' or '<', or 0: none */

/* $a, or $a+2, is a number that the store has chosen; $EBUSY is that errno's. */
static struct {
	char name[16];
	unsigned long long value;
} numbers[64];
static size_t n_numbers;

static unsigned long long *number(const char *name)
{
	for (size_t i = 0; i < n_numbers; i++)
		if (strcmp(numbers[i].name, name) == 0)
			return &numbers[i].value;
	return NULL;
}

static void set_number(const char *name, unsigned long long value)
{
	if (n_numbers == sizeof(numbers) / sizeof(*numbers))
		fail("too many numbers");
	snprintf(numbers[n_numbers].name, sizeof(numbers->name), "%s", name);
	numbers[n_numbers++].value = value;
}

static void set_errnos(void)
{
	static const struct {
		const char *name;
		int number;
	} errnos[] = {{"EBADMSG", EBADMSG},   {"EBUSY", EBUSY},   {"EEXIST", EEXIST},
		      {"EINVAL", EINVAL},     {"ENOENT", ENOENT}, {"ENOSPC", ENOSPC},
		      {"EMSGSIZE", EMSGSIZE}, {"ESTALE", ESTALE}, {"EOPNOTSUPP", EOPNOTSUPP}};

	for (size_t i = 0; i < sizeof(errnos) / sizeof(*errnos); i++)
		set_number(errnos[i].name, (unsigned long long)errnos[i].number);
}

/* Behind a '$': reads NAME or NAME+N; *ret is the N. */
static const char *read_name(const char *at, char *name, size_t size, unsigned long long *ret)
{
	size_t n = 0;

	while (isalpha((unsigned char)*at) && n + 1 < size)
		name[n++] = *at++;
	name[n] = '\0';
	*ret = 0;
	if (*at == '+') {
		char *end;

		*ret = strtoull(at + 1, &end, 10);
		at = end;
	}
	return at;
}

/* A line as it is sent: with numbers for their names, and \0 for a NUL. */
static void add_line(struct message *m, const char *at)
{
	if (m->lines++ > 0)
		m->text[m->len++] = '\n';
	while (*at != '\0') {
		if (m->len + 32 > sizeof(m->text))
			fail("a message that is too long");
		if (*at == '$') {
			unsigned long long more;
			char name[16];

			at = read_name(at + 1, name, sizeof(name), &more);
			if (number(name) == NULL)
				fail("$%s is not known yet", name);
			m->len += (size_t)sprintf(m->text + m->len, "%llu", *number(name) + more);
		} else if (at[0] == '\\' && at[1] == '0') {
			m->text[m->len++] = '\0';
			at += 2;
		} else {
			m->text[m->len++] = *at++;
		}
	}
}

/* An expected line as it stands: its numbers are known only once it is compared. */
static void add_expected(struct message *m, const char *at)
{
	size_t len = strlen(at);

	if (m->len + len + 2 > sizeof(m->text))
		fail("a message that is too long");
	if (m->lines++ > 0)
		m->text[m->len++] = '\n';
	memcpy(m->text + m->len, at, len);
	m->len += len;
}

static bool number_is(const char **expected, const char **got)
{
	unsigned long long more, value;
	char name[16], *end;

	*expected = read_name(*expected + 1, name, sizeof(name), &more);
	if (!isdigit((unsigned char)**got))
		return false;
	value = strtoull(*got, &end, 10);
	*got = end;
	if (number(name) == NULL)
		set_number(name, value - more);
	return *number(name) + more == value;
}

/* Both are texts of lines; a '*' stands for the rest of its line. */
static bool matches(const char *expected, const char *got)
{
	while (*expected != '\0') {
		if (*expected == '$') {
			if (!number_is(&expected, &got))
				return false;
		} else if (*expected == '*') {
			expected++;
			got += strcspn(got, "\n");
		} else if (*expected++ != *got++) {
			return false;
		}
	}
	return *got == '\0';
}

static void expect(char from)
{
	struct message got;
	bool end = strcmp(block.text, "(end)") == 0;

	receive(from, &got);
	if (got.end != end)
		fail(end ? "there is no end, but:\n%s"
			 : "the connection has ended%s, and this was expected:\n%s",
		     got.text, block.text);
	if (end)
		return;
	if (strlen(got.text) != got.len)
		fail("there is a NUL in the answer:\n%s", got.text);
	if (got.text[got.len - 1] == '\n')
		got.text[got.len - 1] = '\0';
	if (!matches(block.text, got.text))
		fail("this was expected:\n%s\nand this came:\n%s", block.text, got.text);
	if (got.n_fds != block.n_fds)
		fail("%zu descriptors were expected, and %zu came with:\n%s", block.n_fds,
		     got.n_fds, got.text);
	for (size_t i = 0; i < got.n_fds; i++)
		if (!same_open_file(block.fds[i], got.fds[i]))
			fail("descriptor %zu is another one, of:\n%s", i + 1, got.text);
	close_fds(&got);
}

static void flush(void)
{
	int now = line_number;

	line_number = block_line;
	if (way == '>')
		send_to(who, &block);
	else if (way == '<')
		expect(who);
	memset(&block, 0, sizeof(block));
	way = 0;
	line_number = now;
}

static void add(char *line)
{
	if (way != 0 && (who != line[0] || way != line[1]))
		flush();
	if (way == 0)
		block_line = line_number;
	who = line[0];
	way = line[1];
	line += line[2] == ' ' ? 3 : 2;
	if (*line == '[')
		for (char *at = strtok(line + 1, " ]"); at != NULL; at = strtok(NULL, " ]"))
			block.fds[block.n_fds++] = object(at);
	else if (way == '>')
		add_line(&block, line);
	else
		add_expected(&block, line);
}

static void command(const char *line)
{
	char word[8], what[16];

	if (sscanf(line, "%7s %15s", word, what) != 2)
		fail("'%s' means nothing", line);
	if (strcmp(word, "close") == 0)
		close_object(what);
	else if (strcmp(word, "wait") == 0)
		await_end(what);
	else if (strcmp(word, "end") == 0)
		disconnect(what[0]);
	else if (strcmp(word, "kill") == 0)
		kill_twin(what);
	else
		fail("'%s' means nothing", line);
}

int main(int argc, char **argv)
{
	char line[1024];
	FILE *in;

	if (argc != 3) {
		fprintf(stderr, "usage: speak DIR FILE\n");
		return 2;
	}
	file = argv[2];
	in = fopen(file, "re");
	if (in == NULL || !begin(argv[1]))
		return perror(in == NULL ? file : argv[1]), 1;
	set_errnos();
	set_number("uid", geteuid());
	set_number("pid", (unsigned long long)getpid());
	while (fgets(line, sizeof(line), in) != NULL) {
		line_number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			flush();
		else if (line[1] == '>' || line[1] == '<')
			add(line);
		else {
			flush();
			command(line);
		}
	}
	flush();
	fclose(in);
	return 0;
}

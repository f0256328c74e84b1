/* SPDX-License-Identifier: MIT
 * store_of.c - which store, what of it, and why it refused: for the commands that are its clients. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 5000

void store_of_init(struct store_of *s)
{
	*s = (struct store_of){.timeout_ms = DEFAULT_TIMEOUT_MS};
}

static int add_id(struct store_of *s, const char *text)
{
	unsigned long id;

	if (read_count(text, ULONG_MAX, &id) < 0 || id == 0)
		return say(-1, "'%s' is not an id: 'fdferry list --ids' has them", text);
	if (s->nids == MOST_IDS)
		return say(-1, "more than %d ids: give --pattern, or several commands", MOST_IDS);
	s->ids[s->nids++] = id;
	return 0;
}

int store_option(struct store_of *s, int id, char *value)
{
	switch (id) {
	case OPT_STORE:
		s->given = value;
		return value[0] != '\0' ? 0 : say(-1, "--store '': a directory is needed");
	case OPT_STORE_TIMEOUT:
		return parse_duration(value, &s->timeout_ms);
	case OPT_PATTERN:
		if (s->pattern != NULL)
			return say(-1, "--pattern is given twice");
		s->pattern = value;
		return 0;
	case OPT_ID:
		return add_id(s, value);
	default:
		return -1;
	}
}

int check_name(const char *name)
{
	size_t len = strlen(name);
	bool good = len > 0 && len < FERRY_NAME_SIZE;

	for (const char *c = name; good && *c != '\0'; c++)
		good = *c >= 0x20 && *c <= 0x7e && *c != ':';
	return good ? 0
		    : say(-1, "'%s': a name is 1 to %d printable ASCII characters without ':'",
			  name, FERRY_NAME_SIZE - 1);
}

int store_names(struct store_of *s, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (check_name(names[i]) < 0)
			return EXIT_USAGE;
	s->names = names;
	s->nnames = (size_t)n;
	return EXIT_DONE;
}

bool store_selects(const struct store_of *s)
{
	return s->nnames > 0 || s->nids > 0 || s->pattern != NULL;
}

/* Where the library would look too; written here so that an error can name it. */
int store_find(struct store_of *s)
{
	const char *env = getenv("FDFERRY_STORE"), *run = getenv("XDG_RUNTIME_DIR");
	int n;

	if (s->given != NULL || (env != NULL && env[0] != '\0'))
		n = snprintf(s->dir, sizeof(s->dir), "%s", s->given != NULL ? s->given : env);
	else if (geteuid() == 0)
		n = snprintf(s->dir, sizeof(s->dir), "/run/fdferry/default");
	else if (run != NULL && run[0] != '\0')
		n = snprintf(s->dir, sizeof(s->dir), "%s/fdferry/default", run);
	else
		return say(EXIT_REFUSED, "which store is not known, since XDG_RUNTIME_DIR is not "
					 "set: give --store DIR, or set FDFERRY_STORE");
	if (n < 0 || (size_t)n >= sizeof(s->dir))
		return say(EXIT_REFUSED, "the path of the store is longer than %zu bytes",
			   sizeof(s->dir) - 1);
	return EXIT_DONE;
}

/* What is left of --timeout, as the library wants it: it takes 0 for "for ever". */
void store_deadline(const struct store_of *s, uint32_t *flags, int32_t *timeout_ms)
{
	int64_t left = s->end_ms - now_ms();

	*timeout_ms = left > 0 ? (int32_t)left : 0;
	if (left <= 0)
		*flags |= FERRY_NOWAIT;
}

static const char *open_hint(int err)
{
	switch (-err) {
	case ENOENT:
	case ECONNREFUSED:
		return ": start one there with 'fdferry store', or give another with --store";
	case EACCES:
	case EPERM:
		return ": the mode of the directory and of the socket 'store' in it says who may";
	default:
		return "";
	}
}

/* Says why it could not be opened. */
static int say_not_open(const struct store_of *s, int err)
{
	if (err == -ETIMEDOUT || err == -EAGAIN)
		return say(EXIT_TIMED_OUT, "the store %s did not answer in the time given", s->dir);
	return say(EXIT_REFUSED, "cannot open the store %s: %s%s", s->dir,
		   err == -ENOENT || err == -ECONNREFUSED ? "no store runs there" : why_text(err),
		   open_hint(err));
}

int store_open(struct store_of *s)
{
	uint32_t flags = 0;
	int32_t timeout_ms;
	int err = store_find(s);

	if (err != EXIT_DONE)
		return err;
	s->end_ms = now_ms() + s->timeout_ms;
	store_deadline(s, &flags, &timeout_ms);
	err = ferry_store_open(&s->store, s->dir, flags, timeout_ms);
	if (err == 0)
		return EXIT_DONE;
	s->store = NULL;
	return say_not_open(s, err);
}

void store_close(struct store_of *s)
{
	ferry_store_close(s->store);
	s->store = NULL;
}

/* Fills in what is meant, and how long it may take. */
void store_request(const struct store_of *s, struct ferry_request *r)
{
	r->names = (const char *const *)s->names;
	r->nnames = s->nnames;
	r->pattern = s->pattern;
	r->ids = s->nids > 0 ? s->ids : NULL;
	r->nids = s->nids;
	store_deadline(s, &r->flags, &r->timeout_ms);
}

/* What of the store was meant, in a few words. */
static void put_selection(const struct store_of *s, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->nnames && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", at > 0 ? ", " : "",
				       s->names[i]);
	if (s->pattern != NULL && at < size)
		at += (size_t)snprintf(text + at, size - at, "%s'%s'", at > 0 ? ", " : "",
				       s->pattern);
	for (size_t i = 0; i < s->nids && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%sid %llu", at > 0 ? ", " : "",
				       (unsigned long long)s->ids[i]);
}

static const char *refused_text(int err)
{
	switch (-err) {
	case EEXIST:
		return "something is called so already";
	case ENOSPC:
		return "the store is full";
	case EBUSY:
		return "another client is taking it";
	case ESTALE:
		return "another client has taken it meanwhile";
	case ENOENT: /* of a name or an id the store says why: this is its door */
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
		return "it has ended";
	default:
		return why_text(err);
	}
}

static const char *refused_hint(int err, bool answered)
{
	switch (-err) {
	case ENOENT:
		return answered ? ": 'fdferry list' says what is"
				: ": start it again with 'fdferry store'";
	case EEXIST:
		return ": --replace puts this one instead";
	case ENOSPC:
		return ": remove some, or start the store with a higher --max-fds";
	case EMFILE:
		return ": raise the limit with 'ulimit -n'";
	case EBUSY:
		return ": try again, it is back if that client fails";
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
		return ": start it again with 'fdferry store'";
	default:
		return "";
	}
}

/* Says why the store has not done what verb says, and returns the exit code. */
int store_fail(const struct store_of *s, const char *verb, int err, const char *why)
{
	bool answered = why != NULL && why[0] != '\0';
	char what[1024];

	if (err == -ETIMEDOUT || err == -EAGAIN)
		return say(EXIT_TIMED_OUT, "the store %s did not answer in the time given", s->dir);
	put_selection(s, what, sizeof(what));
	return say(EXIT_REFUSED, "cannot %s%s%s in the store %s: %s%s", verb,
		   what[0] != '\0' ? " " : "", what, s->dir, answered ? why : refused_text(err),
		   refused_hint(err, answered));
}

/* How the store is; verb is what was being done, for the error. */
int store_status(const struct store_of *s, struct ferry_status *ret, const char *verb)
{
	uint32_t flags = 0;
	int32_t timeout_ms;
	int err;

	store_deadline(s, &flags, &timeout_ms);
	err = ferry_store_status(s->store, ret, sizeof(*ret), flags, timeout_ms);
	return err < 0 ? store_fail(s, verb, err, NULL) : EXIT_DONE;
}

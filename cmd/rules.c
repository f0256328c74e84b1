/* SPDX-License-Identifier: MIT
 * rules.c - from whom recv takes messages, and what it takes: --from and --expect. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef F_SEAL_SHRINK
#include <linux/fcntl.h>
#endif

static int add_sender(struct rules *rules, bool group, unsigned long id)
{
	if (rules->n == MOST_SENDERS)
		return say(-1, "more than %d --from", MOST_SENDERS);
	rules->from[rules->n++] = (struct sender){.group = group, .id = (unsigned)id};
	return 0;
}

enum { BY_UID, BY_USER, BY_GID, BY_GROUP };
static const struct word senders[] = {
	[BY_UID] = {"uid=", "a number", NULL},
	[BY_USER] = {"user=", "the name of a user", "user"},
	[BY_GID] = {"gid=", "a number", NULL},
	[BY_GROUP] = {"group=", "the name of a group", "group"},
};

#define SENDERS (sizeof(senders) / sizeof(*senders))

bool sender_word(size_t i, struct word *ret)
{
	if (i >= SENDERS)
		return false;
	*ret = senders[i];
	return true;
}

static int add_user(struct rules *rules, const char *name)
{
	/* cppcheck-suppress getpwnamCalled ; this process has one thread */
	const struct passwd *user = getpwnam(name);

	return user != NULL ? add_sender(rules, false, user->pw_uid)
			    : say(-1, "there is no user '%s'", name);
}

static int add_group(struct rules *rules, const char *name)
{
	/* cppcheck-suppress getgrnamCalled ; this process has one thread */
	const struct group *group = getgrnam(name);

	return group != NULL ? add_sender(rules, true, group->gr_gid)
			     : say(-1, "there is no group '%s'", name);
}

/* uid=N, user=NAME, gid=N, group=NAME.  -1, which is nobody, and what is no number are refused. */
int parse_from(const char *text, struct rules *rules)
{
	for (size_t i = 0; i < SENDERS; i++) {
		size_t n = strlen(senders[i].text);
		unsigned long id;

		if (strncmp(text, senders[i].text, n) != 0)
			continue;
		if (i == BY_USER)
			return add_user(rules, text + n);
		if (i == BY_GROUP)
			return add_group(rules, text + n);
		if (parse_count(text + n, UINT_MAX - 1, &id) < 0)
			return -1;
		return add_sender(rules, i == BY_GID, id);
	}
	return say(-1, "'%s' is no sender: write uid=N, user=NAME, gid=N or group=NAME", text);
}

/* An abstract name has no mode that would say who may send: ourselves and root, if nothing else is said. */
void default_senders(struct rules *rules)
{
	(void)add_sender(rules, false, geteuid());
	(void)add_sender(rules, false, 0);
}

/* Only what the kernel has said counts; unknown matches nothing. */
static bool may_send(const struct rules *rules, const struct ferry_peer *peer)
{
	if (rules->n == 0)
		return true;
	if ((peer->proven & FERRY_UID_PROVEN) == 0)
		return false;
	for (size_t i = 0; i < rules->n; i++)
		if (rules->from[i].id == (rules->from[i].group ? peer->gid : peer->uid))
			return true;
	return false;
}

/* Says who is refused. */
static bool admit(const struct rules *rules, const struct ferry_peer *peer, const char *what,
		  const char *address)
{
	if (may_send(rules, peer))
		return true;
	if ((peer->proven & FERRY_UID_PROVEN) == 0)
		say(0, "refused a %s to %s: its sender is unknown", what, address);
	else
		say(0, "refused a %s to %s: --from does not allow uid %u, gid %u", what, address,
		    peer->uid, peer->gid);
	return false;
}

/* A connection is who made it, as it was then. */
bool may_connect(const struct rules *rules, int sock, const char *address)
{
	struct ferry_peer peer;

	if (rules->n == 0)
		return true;
	(void)ferry_get_peer(sock, &peer, sizeof(peer)); /* unknown if it fails */
	ferry_close_all(&peer.pidfd, 1);
	return admit(rules, &peer, "connection", address);
}

/* A datagram is who the kernel says has sent it, and what comes through an inherited connection is who
 * made that. */
bool is_welcome(const struct rules *rules, int sock, const struct ferry_peer *sender,
		const char *address)
{
	struct ferry_peer peer = *sender;
	int type = 0;
	socklen_t len = sizeof(type);

	if (rules->n == 0)
		return true;
	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_DGRAM) {
		(void)ferry_get_peer(sock, &peer, sizeof(peer));
		ferry_close_all(&peer.pidfd, 1);
	}
	return admit(rules, &peer, "message", address);
}

#define SEALED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* The words of --expect, beside the kinds. */
static const struct {
	const char *word, *help;
	uint32_t access, seals, without_flags;
	int32_t domain, type, listening;
} words[] = {
	{"ro", "opened for reading", FERRY_RO, 0, 0, 0, 0, 0},
	{"wo", "opened for writing", FERRY_WO, 0, 0, 0, 0, 0},
	{"rw", "opened for reading and writing", FERRY_RW, 0, 0, 0, 0, 0},
	{"sealed", "nobody can change size or contents", 0, SEALED, 0, 0, 0, 0},
	{"no-path", "not opened with O_PATH", 0, 0, O_PATH, 0, 0, 0},
	{"unix", "a socket of this family", 0, 0, 0, AF_UNIX, 0, 0},
	{"inet", "a socket of this family", 0, 0, 0, AF_INET, 0, 0},
	{"inet6", "a socket of this family", 0, 0, 0, AF_INET6, 0, 0},
	{"stream", "a socket of this type", 0, 0, 0, 0, SOCK_STREAM, 0},
	{"dgram", "a socket of this type", 0, 0, 0, 0, SOCK_DGRAM, 0},
	{"seqpacket", "a socket of this type", 0, 0, 0, 0, SOCK_SEQPACKET, 0},
	{"listening", "a socket that listens", 0, 0, 0, 0, 0, 1},
	{"not-listening", "a socket that does not", 0, 0, 0, 0, 0, 2},
};

#define WORDS (sizeof(words) / sizeof(*words))

enum { AT_LEAST, AT_MOST };
static const struct word sizes[] = {
	[AT_LEAST] = {"min=", "bytes of a file or memfd", NULL},
	[AT_MOST] = {"max=", "bytes of a file or memfd", NULL},
};

#define SIZES (sizeof(sizes) / sizeof(*sizes))

/* The kinds, the words, the sizes. */
bool expect_word(size_t i, struct word *ret)
{
	for (uint32_t kind = FERRY_IS_FILE; kind <= FERRY_IS_LINK; kind <<= 1)
		if (i-- == 0) {
			*ret = (struct word){ferry_kind_name(kind), "of this kind", NULL};
			return true;
		}
	if (i < WORDS) {
		*ret = (struct word){words[i].word, words[i].help, NULL};
		return true;
	}
	if (i - WORDS >= SIZES)
		return false;
	*ret = sizes[i - WORDS];
	return true;
}

/* false if there is none like it. */
static bool add_word(struct ferry_expect *e, const char *word)
{
	for (uint32_t kind = FERRY_IS_FILE; kind <= FERRY_IS_LINK; kind <<= 1)
		if (strcmp(word, ferry_kind_name(kind)) == 0) {
			e->kinds |= kind;
			return true;
		}
	for (size_t i = 0; i < WORDS; i++) {
		if (strcmp(word, words[i].word) != 0)
			continue;
		e->access |= words[i].access;
		e->seals |= words[i].seals;
		e->without_flags |= words[i].without_flags;
		e->domain = words[i].domain != 0 ? words[i].domain : e->domain;
		e->type = words[i].type != 0 ? words[i].type : e->type;
		e->listening = words[i].listening != 0 ? words[i].listening : e->listening;
		return true;
	}
	return false;
}

/* 1, 0 if the word is no size, or -1 (said). */
static int add_size(struct ferry_expect *e, const char *word)
{
	for (size_t i = 0; i < SIZES; i++) {
		size_t len = strlen(sizes[i].text);
		unsigned long n;

		if (strncmp(word, sizes[i].text, len) != 0)
			continue;
		if (parse_count(word + len, ULONG_MAX, &n) < 0)
			return -1;
		*(i == AT_LEAST ? &e->min_size : &e->max_size) = n;
		return 1;
	}
	return 0;
}

/* file,memfd,... any of these kinds; ro,rw any of these modes; sealed, unix, stream, min=N, ... */
int parse_expect(char *text, struct rules *rules)
{
	struct ferry_expect *e = &rules->expect;
	char *word, *save = NULL;

	rules->expects = true;
	for (word = strtok_r(text, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		int size = add_size(e, word);

		if (size < 0)
			return -1;
		if (size == 0 && !add_word(e, word))
			return say(-1, "'%s' is nothing to expect: see fdferry(1) for the words",
				   word);
	}
	return 0;
}

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

/* uid=N, user=NAME, gid=N, group=NAME.  -1, which is nobody, and what is no number are refused. */
int parse_from(const char *text, struct rules *rules)
{
	const char *value = strchr(text, '=');
	size_t n = value != NULL ? (size_t)(value - text) : 0;
	unsigned long id;

	value = value != NULL ? value + 1 : "";
	if (n == 3 && (strncmp(text, "uid", n) == 0 || strncmp(text, "gid", n) == 0)) {
		if (parse_count(value, UINT_MAX - 1, &id) < 0)
			return -1;
		return add_sender(rules, text[0] == 'g', id);
	}
	if (n == 4 && strncmp(text, "user", n) == 0) {
		/* cppcheck-suppress getpwnamCalled ; this process has one thread */
		const struct passwd *user = getpwnam(value);

		return user != NULL ? add_sender(rules, false, user->pw_uid)
				    : say(-1, "there is no user '%s'", value);
	}
	if (n == 5 && strncmp(text, "group", n) == 0) {
		/* cppcheck-suppress getgrnamCalled ; this process has one thread */
		const struct group *group = getgrnam(value);

		return group != NULL ? add_sender(rules, true, group->gr_gid)
				     : say(-1, "there is no group '%s'", value);
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

/* A connection is who made it; a datagram is who the kernel says has sent it.  Says who is refused. */
bool is_welcome(const struct rules *rules, int sock, const struct ferry_peer *sender,
		const char *address)
{
	struct ferry_peer peer = *sender;
	int type = 0;
	socklen_t len = sizeof(type);

	if (rules->n == 0)
		return true;
	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_DGRAM) {
		(void)ferry_get_peer(sock, &peer, sizeof(peer)); /* unknown if it fails */
		ferry_close_all(&peer.pidfd, 1);
	}
	if (may_send(rules, &peer))
		return true;
	if ((peer.proven & FERRY_UID_PROVEN) == 0)
		say(0, "refused a message to %s: its sender is unknown", address);
	else
		say(0, "refused a message to %s: --from does not allow uid %u, gid %u", address,
		    peer.uid, peer.gid);
	return false;
}

/* A word of --expect; false if there is none like it. */
static bool add_word(struct ferry_expect *e, const char *word)
{
	static const struct {
		const char *word;
		uint32_t access;
		int32_t domain, type, listening;
	} words[] = {
		{"ro", FERRY_RO, 0, 0, 0},
		{"wo", FERRY_WO, 0, 0, 0},
		{"rw", FERRY_RW, 0, 0, 0},
		{"unix", 0, AF_UNIX, 0, 0},
		{"inet", 0, AF_INET, 0, 0},
		{"inet6", 0, AF_INET6, 0, 0},
		{"stream", 0, 0, SOCK_STREAM, 0},
		{"dgram", 0, 0, SOCK_DGRAM, 0},
		{"seqpacket", 0, 0, SOCK_SEQPACKET, 0},
		{"listening", 0, 0, 0, 1},
		{"not-listening", 0, 0, 0, 2},
	};

	for (uint32_t kind = FERRY_IS_FILE; kind <= FERRY_IS_LINK; kind <<= 1)
		if (strcmp(word, ferry_kind_name(kind)) == 0) {
			e->kinds |= kind;
			return true;
		}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i].word) != 0)
			continue;
		e->access |= words[i].access;
		e->domain = words[i].domain != 0 ? words[i].domain : e->domain;
		e->type = words[i].type != 0 ? words[i].type : e->type;
		e->listening = words[i].listening != 0 ? words[i].listening : e->listening;
		return true;
	}
	if (strcmp(word, "sealed") == 0)
		e->seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	else if (strcmp(word, "no-path") == 0)
		e->without_flags |= O_PATH;
	else
		return false;
	return true;
}

static int add_size(uint64_t *size, const char *text)
{
	unsigned long n;

	if (parse_count(text, ULONG_MAX, &n) < 0)
		return -1;
	*size = n;
	return 0;
}

/* file,memfd,... any of these kinds; ro,rw any of these modes; sealed, unix, stream, min=N, ... */
int parse_expect(char *text, struct rules *rules)
{
	struct ferry_expect *e = &rules->expect;
	char *word, *save = NULL;

	rules->expects = true;
	for (word = strtok_r(text, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		if (strncmp(word, "min=", 4) == 0 || strncmp(word, "max=", 4) == 0) {
			if (add_size(word[1] == 'i' ? &e->min_size : &e->max_size, word + 4) < 0)
				return -1;
		} else if (!add_word(e, word)) {
			return say(-1, "'%s' is nothing to expect: see fdferry(1) for the words",
				   word);
		}
	}
	return 0;
}

/* SPDX-License-Identifier: MIT
 * kill.c - broker and keeper of a store are killed at random instants while clients use it: nothing
 * that was acknowledged is lost, doubled or comes back, and everybody is answered.
 *
 * FERRY_KILLS=N (events), FERRY_HELD=N and FERRY_SEED=N choose another field than the short one, FERRY_PEER=s6
 * sets s6-fdholder-daemon beside it, FERRY_TABLE=FILE gets the rows; "make kill-test" runs a long one. */
#include "kill.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SHORT_KILLS 1500 /* at the most */
#define SHORT_HELD 600
#define SHORT_SECONDS 15 /* of them */
#define BATCH 8          /* kills between two audits, at the most */
#define WORK_US 12000    /* between two kills, at the most */
#define RECOVERY_US 1500 /* of which one kill follows another into the recovery, at the most */
#define NEWBORN_US 500   /* and into an earlier part of it */
#define TRAIL 8          /* kills that are remembered */
#define TRAIL_TEXT 80
#define AUDIT_SECONDS 120 /* in which all clients must have carried out an order */

static struct {
	struct kill_shared *shared;
	struct kill_daemon daemon;
	pid_t clients[KILL_CLIENTS];
	uint64_t seed;
	uint64_t kills[2], newborn, in_recovery, with_put, audits; /* so far */
	struct kill_events events;
	int idle[KILL_IDLE];
	char trail[TRAIL][TRAIL_TEXT];
} field;

void kill_say(const char *what, const char *format, ...)
{
	const char *table = getenv("FERRY_TABLE");
	char text[200];
	va_list args;
	FILE *f;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	NOTE("%-60s %s", what, text);
	if (table == NULL)
		return;
	f = fopen(table, "ae");
	CHECK(f != NULL);
	fprintf(f, "| %s | %s |\n", what, text);
	fclose(f);
}

static uint64_t killed(void)
{
	return field.kills[KILL_BROKER] + field.kills[KILL_KEEPER];
}

static uint64_t happened(void)
{
	const struct kill_events *e = &field.events;

	return killed() + e->stopped + e->continued + e->both + e->upgraded + e->orphaned;
}

/* The last kills, for who looks for the reason. */
void kill_trail(void)
{
	for (size_t i = killed() < TRAIL ? 0 : killed() - TRAIL; i < killed(); i++)
		NOTE("kill %zu: %s", i, field.trail[i % TRAIL]);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 10);
}

static void pause_us(uint32_t us)
{
	const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

	nanosleep(&t, NULL);
}

static void client_body(void *arg)
{
	unsigned number = *(unsigned *)arg;
	size_t held = number_of("FERRY_HELD", SHORT_HELD);
	struct kill_client c = {.shared = field.shared,
				.told = &field.shared->told[number],
				.number = number,
				.nnames = held / KILL_CLIENTS + (number < held % KILL_CLIENTS),
				.seed = field.seed + number * 7919};

	/* Where their serial numbers begin tells the clients apart. */
	c.serial = (uint64_t)(number + 1) << 40;
	c.names = mmap(NULL, c.nnames * sizeof(*c.names), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(c.names != MAP_FAILED);
	CHECK_OK(ferry_store_open(&c.store, field.daemon.dir, 0, KILL_DEADLINE));
	kill_client_run(&c);
	ferry_store_close(c.store);
}

static void start_clients(void)
{
	for (unsigned i = 0; i < KILL_CLIENTS; i++)
		field.clients[i] = in_child(client_body, &i);
}

/* Returns when each client has carried it out; none has a request under way then. */
static void order(enum kill_order what)
{
	uint64_t end = kill_now_us() + AUDIT_SECONDS * 1000000ull, turn;

	atomic_store(&field.shared->order, (int)what);
	turn = atomic_fetch_add(&field.shared->turn, 1) + 1;
	for (size_t i = 0; i < KILL_CLIENTS; i++)
		while (atomic_load(&field.shared->told[i].done) != turn) {
			if (kill_now_us() > end)
				FAIL("client %zu does not come to an end", i);
			pause_us(200);
		}
}

/* Kills it; puts that are under way before and after were not acknowledged at that instant.  The store
 * may have replaced it itself since it told its pid: false then. */
static bool kill_one(pid_t pid, enum kill_role role, const char *when)
{
	uint64_t before[KILL_CLIENTS];
	bool with_put = false;

	CHECK_INT(pid, >, 1);
	for (size_t i = 0; i < KILL_CLIENTS; i++)
		before[i] = atomic_load(&field.shared->told[i].putting);
	if (role == KILL_BROKER)
		atomic_fetch_add(&field.shared->broker_kills, 1);
	atomic_fetch_add(&field.shared->kills, 1);
	if (kill(pid, SIGKILL) < 0) {
		CHECK_INT(errno, ==, ESRCH);
		return false;
	}
	for (size_t i = 0; i < KILL_CLIENTS; i++)
		with_put |= before[i] % 2 == 1 &&
			    atomic_load(&field.shared->told[i].putting) == before[i];
	field.with_put += with_put;
	snprintf(field.trail[killed() % TRAIL], TRAIL_TEXT, "%d, %s, %s, at %llu us", (int)pid,
		 role == KILL_BROKER ? "broker" : "keeper", when,
		 (unsigned long long)(kill_now_us() % 100000000));
	field.kills[role]++;
	return true;
}

/* The twin that has just been forked in the place of the first, or the one that has forked it, before
 * anybody has heard of them.  Where that is missed there is no second kill. */
static pid_t kill_newborn_or_survivor(enum kill_role first, pid_t dead)
{
	enum kill_role other = first == KILL_BROKER ? KILL_KEEPER : KILL_BROKER;
	pid_t survivor = field.daemon.twins[other], newborn = kill_store_newborn(survivor, dead);
	bool older = kill_draw(&field.seed, 2) == 0;
	pid_t victim = older ? survivor : newborn;

	if (newborn == 0)
		return 0;
	if (kill_draw(&field.seed, 2) == 0)
		pause_us(kill_draw(&field.seed, NEWBORN_US));
	if (!kill_one(victim, older ? other : first, older ? "who had forked" : "newborn"))
		return 0;
	field.newborn++;
	return victim;
}

/* As soon as the store says that there are two again. */
static pid_t kill_again(const pid_t *dead)
{
	enum kill_role role = (enum kill_role)kill_draw(&field.seed, 2);
	pid_t victim;

	kill_store_wait_whole(&field.daemon, dead, 1);
	pause_us(kill_draw(&field.seed, RECOVERY_US));
	victim = field.daemon.twins[role];
	if (!kill_one(victim, role, "again"))
		return 0;
	field.in_recovery++;
	return victim;
}

/* One of the twins; and sometimes another right behind it, while what the first one's death has left is
 * still done. */
static void kill_and_wait(enum kill_role role)
{
	pid_t dead[2] = {field.daemon.twins[role], 0};
	uint32_t kind = kill_draw(&field.seed, 6);

	if (kill_one(dead[0], role, "whole") && kind < 2)
		dead[1] = kind == 0 ? kill_again(dead) : kill_newborn_or_survivor(role, dead[0]);
	kill_store_wait_whole(&field.daemon, dead, dead[1] > 0 ? 2 : 1);
}

static uint64_t ledger_sum(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < KILL_CLIENTS; i++)
		sum += atomic_load(&field.shared->told[i].held);
	return sum;
}

static void audit(bool all)
{
	order(all ? KILL_AUDIT_ALL : KILL_AUDIT);
	field.audits++;
	if (!kill_store_look(&field.daemon) || field.daemon.held == ledger_sum())
		return;
	field.shared->told[0].wrong++;
	kill_complain(field.shared, "the store has %llu, the ledgers %llu",
		      (unsigned long long)field.daemon.held, (unsigned long long)ledger_sum());
}

/* Any of them may end connections under way. */
static bool other_event(void)
{
	atomic_fetch_add(&field.shared->kills, 1);
	return kill_event(&field.daemon, &field.events, &field.seed);
}

/* Until so much has happened or, if it is not 0, so many seconds have gone. */
static void kill_all(uint64_t kills, uint64_t seconds)
{
	uint64_t end = kill_now_us() + seconds * 1000000;

	for (uint64_t round = 0; happened() < kills; round++) {
		uint32_t batch = 1 + kill_draw(&field.seed, BATCH);

		if (seconds != 0 && kill_now_us() > end)
			return;
		kill_idle(&field.daemon, field.idle);
		order(KILL_WORK);
		for (uint32_t i = 0; i < batch && happened() < kills; i++) {
			pause_us(kill_draw(&field.seed, WORK_US));
			if (!other_event())
				kill_and_wait((round + i) % 2 == 0 ? KILL_BROKER : KILL_KEEPER);
		}
		audit(false);
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void say_answers(void)
{
	struct kill_shared *s = field.shared;
	uint32_t n = atomic_load(&s->samples_n);

	n = n < KILL_SAMPLES ? n : KILL_SAMPLES;
	if (n == 0)
		return;
	qsort(s->samples_us, n, sizeof(s->samples_us[0]), by_size);
	kill_say("requests that the death of a broker has met: answered after",
		 "%.1f ms (median), %.1f ms (99 in 100), %.1f ms (worst)",
		 s->samples_us[n / 2] / 1e3, s->samples_us[(size_t)n * 99 / 100] / 1e3,
		 s->samples_us[n - 1] / 1e3);
}

#define SUM(member) sum_of(offsetof(struct kill_told, member))
static uint64_t sum_of(size_t offset)
{
	uint64_t sum = 0, one;

	for (size_t i = 0; i < KILL_CLIENTS; i++) {
		memcpy(&one, (const char *)&field.shared->told[i] + offset, sizeof(one));
		sum += one;
	}
	return sum;
}

static void say(const char *what, uint64_t number)
{
	kill_say(what, "%llu", (unsigned long long)number);
}

static void say_all(uint64_t seed)
{
	struct kill_shared *s = field.shared;

	say("seed", seed);
	kill_say("descriptors held", "%llu at the end", (unsigned long long)ledger_sum());
	kill_say("clients", "%d processes, and %d connections that ask nothing", KILL_CLIENTS,
		 KILL_IDLE);
	kill_say("kills", "%llu of the broker, %llu of the keeper",
		 (unsigned long long)field.kills[KILL_BROKER],
		 (unsigned long long)field.kills[KILL_KEEPER]);
	say("of them during a recovery, as soon as the new one was forked", field.newborn);
	say("of them during a recovery, as soon as clients were answered", field.in_recovery);
	kill_say("of them with a put that was not acknowledged", "%llu (%llu in 100)",
		 (unsigned long long)field.with_put,
		 (unsigned long long)(field.with_put * 100 / (killed() > 0 ? killed() : 1)));
	say("a twin stopped, and replaced", field.events.stopped);
	say("a twin stopped, and continued before or after that", field.events.continued);
	say("both twins stopped, and continued", field.events.both);
	say("the store upgraded", field.events.upgraded);
	say("its parent killed, and its twins adopted", field.events.orphaned);
	say("upgrades that failed", field.events.failed);
	say("twins that the store has replaced, in all", field.daemon.replaced);
	kill_say("acknowledged requests",
		 "%llu puts (%llu with replace), %llu gets, %llu takes, %llu removes",
		 (unsigned long long)SUM(puts), (unsigned long long)SUM(replaced),
		 (unsigned long long)SUM(gets), (unsigned long long)SUM(taken),
		 (unsigned long long)SUM(removed));
	say("requests that a kill has met", SUM(met));
	say_answers();
	say("the whole store listed and compared", field.audits);
	say("descriptors whose identity was looked at", SUM(audited));
	say("lost", SUM(lost));
	say("doubled", SUM(doubled));
	say("resurrected", SUM(resurrected));
	say("another one than was put", SUM(strange));
	say("wrong answers", SUM(wrong));
	say("not answered within 10 s", SUM(hung) + field.daemon.hung);
	for (uint32_t i = 0; i < atomic_load(&s->complaints_n) && i < KILL_COMPLAINTS; i++)
		NOTE("%s", s->complaints[i]);
}

static void raise_limit(void)
{
	struct rlimit rl;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_cur = rl.rlim_max;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
}

TEST_SECONDS(nothing_acknowledged_is_lost, 600)
{
	uint64_t kills = number_of("FERRY_KILLS", 0);
	uint64_t seed = number_of("FERRY_SEED", kill_now_us() ^ (uint64_t)getpid() << 24);

	raise_limit();
	field.seed = seed;
	field.shared = mmap(NULL, sizeof(*field.shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(field.shared != MAP_FAILED);
	kill_store_start(&field.daemon);
	kill_store_wait_whole(&field.daemon, NULL, 0);
	start_clients();
	order(KILL_FILL);
	kill_all(kills > 0 ? kills : SHORT_KILLS, kills > 0 ? 0 : SHORT_SECONDS);
	audit(true);
	say_all(seed);
	order(KILL_END);
	ferry_close_all(field.idle, KILL_IDLE);
	for (size_t i = 0; i < KILL_CLIENTS; i++)
		join_child(field.clients[i]);
	kill_store_stop(&field.daemon);
	CHECK_INT(SUM(lost), ==, 0);
	CHECK_INT(SUM(doubled), ==, 0);
	CHECK_INT(SUM(resurrected), ==, 0);
	CHECK_INT(SUM(strange), ==, 0);
	CHECK_INT(SUM(wrong), ==, 0);
	CHECK_INT(field.events.failed, ==, 0);
	CHECK_INT(SUM(hung) + field.daemon.hung, ==, 0);
}

TEST_SECONDS(its_peer_loses_all, 60)
{
	const char *peer = getenv("FERRY_PEER");

	if (peer != NULL && strcmp(peer, "s6") != 0)
		SKIP("no such peer: %s", peer);
	raise_limit();
	kill_peer_s6(number_of("FERRY_HELD", SHORT_HELD));
}

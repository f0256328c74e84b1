/* SPDX-License-Identifier: MIT
 * page.c - the page of memory that the three processes share, and the token of succession in it.
 *
 * Who replaces the other twin claims the token first, so that two twins never replace each other.  It is a
 * generation and who claims; a replacement that is done leaves the next generation, unclaimed. */
#include "store.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#define CLAIMS 3u /* TWIN_BROKER or TWIN_KEEPER, or 0 */
#define GENERATION 4u

/* From a descriptor, which a later parent is given (adopt.c).  NULL, and errno. */
struct page *page_map(int fd)
{
	struct page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	/* cppcheck-suppress memleak ; it is returned */
	return page == MAP_FAILED ? NULL : page;
}

/* Returns its descriptor, or an errno. */
int page_new(struct page **ret)
{
	int fd = memfd_create("fdferry-page", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret = ftruncate(fd, sizeof(**ret)) < 0 ? NULL : page_map(fd);
	if (*ret == NULL) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Claims an unclaimed token.  False: the other twin has. */
static bool try_claim(struct store *s, int me)
{
	uint_least32_t now = atomic_load(&s->page->token);

	s->claimed = now | (uint32_t)me;
	return (now & CLAIMS) == 0 &&
	       atomic_compare_exchange_strong(&s->page->token, &now, s->claimed);
}

/* From one that is claimed already to the next generation. */
static bool claim_after(struct store *s, int me, uint_least32_t now)
{
	s->claimed = ((now & ~CLAIMS) + GENERATION) | (uint32_t)me;
	return atomic_compare_exchange_strong(&s->page->token, &now, s->claimed);
}

/* Has the other twin claimed to replace this one?  Then nothing may be answered.  The claim that this one
 * was born of accuses another, which is dead. */
bool page_is_fenced(const struct store *s, int me)
{
	uint_least32_t now = atomic_load(&s->page->token);

	return (now & CLAIMS) != 0 && (now & CLAIMS) != (uint32_t)me && now != s->born;
}

/* Claims in any case.  One that was born of the present claim may take it at once: who made it has been
 * stopped, or has died, before it could release it.  One that is accused by it is about to be killed, unless
 * the other has died since: then it goes on after a while, in case there is nobody who was born of it. */
void page_claim(struct store *s, int me)
{
	enum { GRACE_MS = 200 };

	while (!try_claim(s, me)) {
		uint_least32_t now = atomic_load(&s->page->token);

		if ((now & CLAIMS) == 0)
			continue;
		if (now == s->born && claim_after(s, me, now))
			return;
		if (now == s->born || twin_wait(s->link.twin, 10) != 0)
			continue;
		poll(NULL, 0, GRACE_MS);
		if (claim_after(s, me, now))
			return;
	}
}

/* Until it is not accused any more.  True: the accuser has died instead, and this one has the token. */
bool page_wait(struct store *s, int me)
{
	while (page_is_fenced(s, me))
		if (twin_wait(s->link.twin, 1) == 0) {
			page_claim(s, me);
			return true;
		}
	return false;
}

/* If it has not been taken over since: then this one is accused. */
void page_release(struct store *s)
{
	uint_least32_t mine = s->claimed;

	atomic_compare_exchange_strong(&s->page->token, &mine, (mine & ~CLAIMS) + GENERATION);
}

/* SPDX-License-Identifier: MIT
 *
 * withheld.c - tests: a security module withholds descriptors, for real.
 *
 * A program attached to the hook file_receive (BPF LSM) refuses files that were opened with O_APPEND, to
 * everybody: so this runs only in the machines of make kernels.  tests/api/partial.c runs everywhere, and
 * takes the descriptors away itself.
 */
#pragma GCC diagnostic ignored "-Wsign-conversion" /* musl's CMSG_NXTHDR */
#include "../api/trust.h"

#include <linux/bpf.h>
#include <linux/btf.h>

#ifndef SO_RIGHTS_NOTRUNC
#define SO_RIGHTS_NOTRUNC 85
#endif

/* ---- The types of the kernel (BTF) ---- */

struct btf {
	const unsigned char *bytes;
	const struct btf_header *header;
};

static struct btf read_btf(void)
{
	enum { MOST = 64 << 20 };
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	unsigned char *bytes;
	struct btf b;
	ssize_t n;

	if (fd < 0)
		SKIP("the kernel has no BTF: %s", strerror(errno));
	bytes = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(bytes != MAP_FAILED);
	for (size_t at = 0; (n = CHECK_OK(read(fd, bytes + at, MOST - at))) > 0; at += (size_t)n)
		;
	close(fd);
	b.bytes = bytes;
	b.header = (const struct btf_header *)(const void *)bytes;
	CHECK_INT(b.header->magic, ==, BTF_MAGIC);
	return b;
}

static const char *name_of(const struct btf *b, uint32_t offset)
{
	return (const char *)b->bytes + b->header->hdr_len + b->header->str_off + offset;
}

/* What follows a type. */
static size_t size_behind(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case 17: /* DECL_TAG */
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case 19: /* ENUM64 */
		return n * 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return n * 8;
	default:
		return 0;
	}
}

static const struct btf_type *find_type(const struct btf *b, unsigned kind, const char *name,
					uint32_t *ret_id)
{
	const unsigned char *at = b->bytes + b->header->hdr_len + b->header->type_off;
	const unsigned char *end = at + b->header->type_len;

	for (uint32_t id = 1; at < end; id++) {
		const struct btf_type *t = (const struct btf_type *)(const void *)at;

		*ret_id = id;
		if (BTF_INFO_KIND(t->info) == kind && strcmp(name_of(b, t->name_off), name) == 0)
			return t;
		at += sizeof(*t) + size_behind(t);
	}
	FAIL("the kernel has no %s", name);
	return NULL;
}

static int16_t offset_in_file(const struct btf *b, const char *name)
{
	uint32_t id;
	const struct btf_type *t = find_type(b, BTF_KIND_STRUCT, "file", &id);
	const struct btf_member *m = (const struct btf_member *)(const void *)(t + 1);

	for (size_t i = 0; i < BTF_INFO_VLEN(t->info); i++)
		if (strcmp(name_of(b, m[i].name_off), name) == 0)
			return (int16_t)(BTF_MEMBER_BIT_OFFSET(m[i].offset) / 8);
	FAIL("struct file has no %s", name);
	return 0;
}

/* ---- The module ---- */

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void need_module(void)
{
	char modules[256] = "";
	int fd = open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		CHECK_OK(read(fd, modules, sizeof(modules) - 1));
		close(fd);
	}
	if (strstr(modules, "bpf") == NULL)
		SKIP("no BPF among the security modules: %s", modules);
}

/* From now on nobody receives a file that was opened with O_APPEND, until what is returned is closed. */
static int withhold(void)
{
	static char log[16384];
	struct bpf_insn program[] = {
		/* the hook's first argument, a struct file; its flags */
		{.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 1},
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 2},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
		{.code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = 2, .imm = O_APPEND},
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 2, .off = 1, .imm = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -EPERM},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;
	struct btf btf;
	uint32_t hook;
	int fd, link;

	need_module();
	btf = read_btf();
	program[1].off = offset_in_file(&btf, "f_flags");
	find_type(&btf, BTF_KIND_FUNC, "bpf_lsm_file_receive", &hook);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_LSM;
	attr.expected_attach_type = BPF_LSM_MAC;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(*program);
	attr.license = (uintptr_t) "GPL"; /* the kernel takes no other for a security module */
	attr.attach_btf_id = hook;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		FAIL("BPF_PROG_LOAD: %s: %s", strerror(errno), log);
	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd = (uint32_t)fd;
	link = CHECK_OK(bpf(BPF_RAW_TRACEPOINT_OPEN, &attr));
	close(fd);
	return link;
}

/* ---- Tests ---- */

enum { MOST_FDS = 5 };
static const char *const names[] = {"0", "1", "2"};

/* Three files, of which the middle one is withheld. */
struct three {
	int pair[2], files[3], module;
};

static struct three start(int type)
{
	struct three s;

	s.module = withhold();
	CHECK_OK(ferry_pair(s.pair, type, 0));
	for (int i = 0; i < 3; i++) {
		int flags = i == 1 ? O_APPEND : 0;

		s.files[i] = CHECK_OK(open(names[i], O_CREAT | O_RDWR | O_CLOEXEC | flags, 0600));
	}
	return s;
}

static void finish(struct three *s)
{
	close(s->module);
	ferry_close_all(s->files, 3);
	close_pair(s->pair);
	for (int i = 0; i < 3; i++)
		CHECK_OK(unlink(names[i]));
}

static void receive_partial(int sock, struct box *b, int err[MOST_FDS])
{
	box_new(b, MOST_FDS)->err = err;
	CHECK_INT(ferry_recv(sock, &b->msg, sizeof(b->msg)), ==, 1);
	CHECK_STR(b->data, "held");
	for (size_t i = b->msg.nfds; i < MOST_FDS; i++)
		CHECK_INT(b->fds[i], ==, -1);
}

static void need_notrunc(void)
{
	if (!has_option(SO_RIGHTS_NOTRUNC))
		SKIP("no SO_RIGHTS_NOTRUNC: Linux 7.3 has it");
}

/* The library asks for the option: what is behind the withheld one arrives all the same. */
TEST_EACH_TYPE(that_one_alone)
{
	int err[MOST_FDS];
	struct three s;
	struct box b;

	need_notrunc();
	s = start(type);
	CHECK_OK(send_text(s.pair[0], "held", s.files, 3));
	receive_partial(s.pair[1], &b, err);
	CHECK_INT(b.msg.nfds, ==, 3);
	CHECK_INT(b.msg.lost, ==, 0);
	CHECK_INT(err[0], ==, 0);
	CHECK_INT(err[1], ==, EPERM);
	CHECK_INT(err[2], ==, 0);
	CHECK(same_file(b.fds[0], s.files[0]));
	CHECK_INT(b.fds[1], ==, -1);
	CHECK(same_file(b.fds[2], s.files[2]));
	ferry_close_all(b.fds, 3);
	finish(&s);
}

/* The withheld one needs no number; the third finds none. */
TEST_EACH_TYPE(at_a_full_table)
{
	int err[MOST_FDS];
	struct three s;
	struct box b;

	need_notrunc();
	s = start(type);
	CHECK_OK(send_text(s.pair[0], "held", s.files, 3));
	limit_fds((unsigned)open_fds() + 1);
	receive_partial(s.pair[1], &b, err);
	limit_fds(256);
	CHECK_INT(b.msg.nfds, ==, 2);
	CHECK_INT(b.msg.lost, ==, EMFILE);
	CHECK_INT(err[0], ==, 0);
	CHECK_INT(err[1], ==, EPERM);
	CHECK(same_file(b.fds[0], s.files[0]));
	CHECK_INT(b.fds[1], ==, -1);
	close(b.fds[0]);
	finish(&s);
}

TEST_EACH_TYPE(without_the_option_all_behind_too)
{
	struct three s = start(type);
	int err[MOST_FDS];
	struct box b;

	if (has_option(SO_RIGHTS_NOTRUNC))
		set_option(s.pair[1], SO_RIGHTS_NOTRUNC, 0);
	CHECK_OK(send_text(s.pair[0], "held", s.files, 3));
	receive_partial(s.pair[1], &b, err);
	CHECK_INT(b.msg.nfds, ==, 1);
	CHECK_INT(b.msg.lost, ==, EBADMSG);
	CHECK_INT(err[0], ==, 0);
	CHECK(same_file(b.fds[0], s.files[0]));
	close(b.fds[0]);
	finish(&s);
}

/* Whole or not at all, with the option and without. */
TEST_EACH_TYPE(the_message_is_refused)
{
	struct three s = start(type);
	struct fd_table *before;
	struct box b;

	for (int on = has_option(SO_RIGHTS_NOTRUNC); on >= 0; on--) {
		if (has_option(SO_RIGHTS_NOTRUNC))
			set_option(s.pair[1], SO_RIGHTS_NOTRUNC, on);
		before = remember_fds();
		CHECK_OK(send_text(s.pair[0], "held", s.files, 3));
		CHECK_FAILS(box_recv(s.pair[1], &b, MOST_FDS), EBADMSG);
		CHECK(b.msg.why != NULL);
		CHECK_FDS(before);
		CHECK_OK(send_text(s.pair[0], "next", s.files, 1));
		CHECK_FILE(s.pair[1], "next", s.files[0]);
	}
	finish(&s);
}

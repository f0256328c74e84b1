# tests.mk - builds the test programs and runs them; included by the Makefile.
#
#   harness/   our harness, and tests of the harness itself
#   kernel/    what Linux does and we rely on, in plain system calls
#   api/       the library through its public header
#   hostile/   the library against peers that mean no good
#   faults/    each system call failing in turn, and which descriptor comes with which message
#   cli/       the command, in bats
#   store/     the store through its doors, and its processes killed under load (make kill-test)
#   interop/   the command with programs that are not ours (make check-interop), see interop/interop.mk
#   house/     what must agree with something else: pages, symbols, README, format, install
#   kernels/   kernel/ and api/ on other kernels (make kernels), in machines that qemu makes up, and
#              what wants a machine of its own

HARNESS_SOURCES := $(filter-out %/selftest_cases.c,$(wildcard tests/harness/*.c))
HARNESS_OBJECTS := $(HARNESS_SOURCES:%.c=$(BUILD)/%.o)
KERNEL_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/kernel/*.c))
API_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/api/*.c))
HOSTILE_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/hostile/*.c))
STORE_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter-out tests/store/kill%,$(wildcard tests/store/*.c)))
CXX_TESTS := $(patsubst %.cpp,$(BUILD)/%,$(wildcard tests/api/*.cpp))
FAULT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/faults/*.c))
# Several files make one program here.
KILL_TEST := $(BUILD)/tests/store/kill
KILL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/store/kill*.c)) $(BUILD)/bench/s6.o
SELFTEST := $(BUILD)/tests/harness/selftest_cases
MACHINE_TESTS := $(BUILD)/tests/kernels/withheld
TEST_PROGRAMS := $(KERNEL_TESTS) $(API_TESTS) $(HOSTILE_TESTS) $(STORE_TESTS) $(SELFTEST)

.PRECIOUS: $(BUILD)/tests/%.o
$(BUILD)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Iinclude -Itests/harness -c -o $@ $<

$(TEST_PROGRAMS) $(MACHINE_TESTS): %: %.o $(HARNESS_OBJECTS) $(BUILD)/libfdferry.a
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -o $@ $^

# What it kills is the command.
$(KILL_TEST): $(KILL_OBJECTS) $(HARNESS_OBJECTS) $(BUILD)/libfdferry.a | $(BUILD)/fdferry
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -o $@ $^

# They start the command of their variant: BUILD/fdferry.
$(STORE_TESTS): | $(BUILD)/fdferry

# The calls that tests/faults/wrap/inject.c can make fail.
WRAPPED := accept4 access bind calloc close connect eventfd fchmod fcntl flock fstat fstatat fstatfs \
	getpeername getrandom getsockname getsockopt ioctl listen malloc open openat pipe2 poll read readlink readlinkat \
	realloc recv recvmsg send sendmsg setsockopt socket socketpair stat syscall unlinkat
INJECT := $(BUILD)/tests/faults/wrap/inject.o

$(FAULT_TESTS): %: %.o $(INJECT) $(HARNESS_OBJECTS) $(BUILD)/libfdferry.a
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^

# For strace: what fails is then a call of the command and none of the dynamic linker.
$(BUILD)/tests/faults/fdferry: $(CMD_OBJECTS) $(BUILD)/libfdferry.a
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -static -o $@ $^

# For close, which strace would skip: preloaded into the command as it is.
$(BUILD)/tests/faults/preload/close.so: tests/faults/preload/close.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -fPIC -shared -o $@ $<

$(CXX_TESTS): $(BUILD)/%: %.cpp include/fdferry.h $(BUILD)/libfdferry.a
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -Wall -Wextra -Wpedantic -Werror $(CXXFLAGS) -Iinclude -o $@ $< \
		$(BUILD)/libfdferry.a

# A client of a store in plain system calls, for the test vectors of fdferry-store(5).
SPEAK := $(BUILD)/tests/store/speak/speak
$(SPEAK): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/store/speak/*.c))
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -o $@ $^

include fuzz/fuzz.mk
include tests/interop/interop.mk

.PHONY: test-programs library-tests machine-tests
library-tests: $(TEST_PROGRAMS)

machine-tests: $(TEST_PROGRAMS) $(MACHINE_TESTS) $(BUILD)/tests/kernels/init

test-programs: $(TEST_PROGRAMS) $(KILL_TEST) $(FAULT_TESTS) $(FUZZ_REPLAYS) $(SPEAK)

# The fast part.  TESTS=... runs some: make test TESTS=build/tests/api/room
FAST_TESTS := tests/harness/selftest.sh $(KERNEL_TESTS) $(API_TESTS) $(HOSTILE_TESTS) $(STORE_TESTS) \
	$(FAULT_TESTS) $(FUZZ_REPLAYS) $(wildcard tests/cli/*.bats tests/store/*.bats)
TESTS ?= $(FAST_TESTS)

.PHONY: test
test: all test-programs examples
	@BUILD='$(BUILD)' MAKE='$(MAKE)' sh tests/run.sh $(TESTS)

.PHONY: setup
setup:
	@sh tests/setup.sh

# The long forms; "make check" has short ones.
.PHONY: wrong-descriptor faults kill-test
wrong-descriptor: $(BUILD)/tests/faults/wrong_descriptor
	HARNESS_SLOWER=10 FERRY_MESSAGES=$(or $(MESSAGES),100000) $<

faults: $(FAULT_TESTS) all
	@BUILD='$(BUILD)' MAKE='$(MAKE)' FAULTS_LONG=1 sh tests/run.sh $(FAULT_TESTS) \
		$(wildcard tests/faults/*.sh)

# Writes docs/kill-test.md: make kill-test KILLS=1000 HELD=10000 PEER=s6 SEED=1
kill-test: all $(KILL_TEST)
	@BUILD='$(BUILD)' KILLS='$(or $(KILLS),1000)' HELD='$(or $(HELD),10000)' SEED='$(SEED)' PEER='$(PEER)' \
		sh tests/store/kill.sh

# Each of tests/mutants breaks the sources in one place, and a test must notice; MUTANTS=FILE... some.
.PHONY: mutants
mutants:
	@MAKE='$(MAKE)' CC='$(CC)' sh tests/mutants/run.sh $(MUTANTS)

# The long forms of all that has one, for an hour, and their summary in docs/campaign.md.
.PHONY: campaign
campaign: setup
	+@BUILD='$(BUILD)' MAKE='$(MAKE)' MINUTES='$(or $(MINUTES),60)' sh tests/campaign.sh

# The same programs once more under the sanitizers, from other compilers, and what must agree.
.PHONY: check
check: setup bench-setup
	+@BUILD='$(BUILD)' MAKE='$(MAKE)' sh tests/check.sh

# The same programs on other kernels, emulated; KERNELS=DIRECTORY... are kernels that are there already.
$(BUILD)/tests/kernels/init: tests/kernels/init.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -static -o $@ $<

.PHONY: kernels
kernels:
	+@MAKE='$(MAKE)' sh tests/kernels/run.sh $(KERNELS)

-include $(HARNESS_OBJECTS:.o=.d) $(TEST_PROGRAMS:=.d) $(MACHINE_TESTS:=.d) \
	$(KILL_OBJECTS:.o=.d) $(FAULT_TESTS:=.d) $(INJECT:.o=.d) $(wildcard $(BUILD)/tests/store/speak/*.d)

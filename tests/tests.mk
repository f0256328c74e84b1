# tests.mk - builds the test programs and runs them; included by the Makefile.
#
#   harness/   our harness, and tests of the harness itself
#   kernel/    what Linux does and we rely on, in plain system calls
#   api/       the library through its public header
#   hostile/   the library against peers that mean no good
#   cli/       the command, in bats
#   house/     what must agree with something else: pages, symbols, README, format, install

HARNESS_SOURCES := $(filter-out %/selftest_cases.c,$(wildcard tests/harness/*.c))
HARNESS_OBJECTS := $(HARNESS_SOURCES:%.c=$(BUILD)/%.o)
KERNEL_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/kernel/*.c))
API_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/api/*.c))
HOSTILE_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/hostile/*.c))
CXX_TESTS := $(patsubst %.cpp,$(BUILD)/%,$(wildcard tests/api/*.cpp))
SELFTEST := $(BUILD)/tests/harness/selftest_cases
TEST_PROGRAMS := $(KERNEL_TESTS) $(API_TESTS) $(HOSTILE_TESTS) $(SELFTEST)

.PRECIOUS: $(BUILD)/tests/%.o
$(BUILD)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Iinclude -Itests/harness -c -o $@ $<

$(TEST_PROGRAMS): %: %.o $(HARNESS_OBJECTS) $(BUILD)/libfdferry.a
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -o $@ $^

$(CXX_TESTS): $(BUILD)/%: %.cpp include/fdferry.h $(BUILD)/libfdferry.a
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -Wall -Wextra -Wpedantic -Werror $(CXXFLAGS) -Iinclude -o $@ $< \
		$(BUILD)/libfdferry.a

.PHONY: test-programs
test-programs: $(TEST_PROGRAMS)

# The fast part.  TESTS=... runs some: make test TESTS=build/tests/api/room
FAST_TESTS := tests/harness/selftest.sh $(KERNEL_TESTS) $(API_TESTS) $(HOSTILE_TESTS) \
	$(wildcard tests/cli/*.bats)
TESTS ?= $(FAST_TESTS)

.PHONY: test
test: all test-programs examples
	@BUILD='$(BUILD)' MAKE='$(MAKE)' sh tests/run.sh $(TESTS)

.PHONY: setup
setup:
	@sh tests/setup.sh

# The same programs once more under the sanitizers and from the other compiler, and what must agree.

.PHONY: check
check: setup
	+@BUILD='$(BUILD)' MAKE='$(MAKE)' sh tests/check.sh

-include $(HARNESS_OBJECTS:.o=.d) $(TEST_PROGRAMS:=.d)

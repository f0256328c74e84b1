# bench.mk - builds the benchmark from the peers that are installed; included by the Makefile.

# PEER:NEED, a module of pkg-config, or a header where there is no module.
BENCH_MODULES := glib:gio-unix-2.0 uv:libuv wayland:wayland-client sdbus:libsystemd
BENCH_HEADERS := skalibs:skalibs/unixmessage.h owfat:io.h
bench_peer = $(firstword $(subst :, ,$(1)))
bench_need = $(lastword $(subst :, ,$(1)))
bench_module = $(shell pkg-config --exists $(1) && echo yes)
bench_hash := \#
bench_header = $(shell echo "$(bench_hash)include <$(1)>" | $(CC) -E -xc -o /dev/null - 2>/dev/null && echo yes)

# Looked for when the benchmark is asked for, not at each make.
ifneq ($(findstring bench,$(MAKECMDGOALS)),)
BENCH_PEERS := $(foreach it,$(BENCH_HEADERS),\
	$(if $(call bench_header,$(call bench_need,$(it))),$(call bench_peer,$(it))))
$(foreach it,$(BENCH_MODULES),$(if $(call bench_module,$(call bench_need,$(it))),\
	$(eval BENCH_PEERS += $(call bench_peer,$(it))) \
	$(eval BENCH_MODULES_HERE += $(call bench_need,$(it)))))
BENCH_LIBS := $(if $(BENCH_MODULES_HERE),$(shell pkg-config --libs $(BENCH_MODULES_HERE)))
endif
BENCH_LIBS += $(if $(filter skalibs,$(BENCH_PEERS)),-lskarnet) $(if $(filter owfat,$(BENCH_PEERS)),-lowfat) \
	$(if $(filter wayland,$(BENCH_PEERS)),-lwayland-server)
BENCH_SOURCES := $(filter-out bench/peer_%,$(wildcard bench/*.c)) bench/peer_bare.c bench/peer_fdferry.c \
	$(BENCH_PEERS:%=bench/peer_%.c)
BENCH_OBJECTS := $(BENCH_SOURCES:%.c=$(BUILD)/%.o)

# Their headers are theirs: no warnings about them.
$(BUILD)/bench/%.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Iinclude $(patsubst -I%,-isystem%,$(if $(filter peer_%,$*),\
		$(shell pkg-config --cflags $(BENCH_MODULES_HERE)))) -c -o $@ $<

# The store that it measures is the command's.
$(BUILD)/bench/bench: $(BENCH_OBJECTS) $(BUILD)/libfdferry.a | $(BUILD)/fdferry
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -o $@ $^ $(BENCH_LIBS)

ifneq ($(shell grep -w spin_us include/fdferry.h),)
$(BUILD)/bench/peer_fdferry.o: FERRY_CFLAGS += -DHAVE_SPIN
endif

# What there is for it in Debian.
BENCH_PACKAGES := skalibs-dev libowfat-dev libglib2.0-dev libuv1-dev libwayland-dev libsystemd-dev \
	pkg-config:pkg-config s6-fdholder-daemon:s6 python3:python3 ruby:ruby \
	libio-fdpass-perl gnuplot:gnuplot-nox

.PHONY: bench-setup
bench-setup:
	@sh tests/setup.sh $(BENCH_PACKAGES)

# All of it: docs/benchmarks.md, its plots, the README's numbers.  SHORT=1 takes seconds and writes below
# $(BUILD) only.
.PHONY: bench
bench: $(if $(SHORT),,bench-setup)
	+@$(MAKE) -s $(BUILD)/bench/bench
	@BUILD='$(BUILD)' SHORT='$(SHORT)' CC='$(CC)' CFLAGS='$(CFLAGS)' sh bench/run.sh

# Some of it, shown: make bench-show SCENARIOS='one-stream many-stream' BENCH='--rounds 61'
.PHONY: bench-show
bench-show: $(BUILD)/bench/bench
	@$< $(BENCH) $(SCENARIOS) | awk -f bench/quartiles.awk -f bench/table.awk

-include $(BENCH_OBJECTS:.o=.d)

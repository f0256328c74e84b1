# interop.mk - meeting programs that are not ours; included by tests/tests.mk.
#
#   make check-interop                                 installs them, then all tests of this folder
#   make check-interop INTEROP=tests/interop/qemu.bats  some
#
# A program whose library is missing is not built, and its test says so and is skipped.

INTEROP ?= $(wildcard tests/interop/*.bats)

$(BUILD)/interop/%-peer: tests/interop/%.c tests/interop/peer.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARNINGS) $(PEER_CFLAGS) -o $@ $< $(PEER_LIBS)

$(BUILD)/interop/glib-peer: PEER_CFLAGS = $(shell pkg-config --cflags gio-unix-2.0)
$(BUILD)/interop/glib-peer: PEER_LIBS = $(shell pkg-config --libs gio-unix-2.0)
$(BUILD)/interop/libuv-peer: PEER_LIBS = -luv
$(BUILD)/interop/libowfat-peer: PEER_LIBS = -lowfat
$(BUILD)/interop/libsystemd-peer: PEER_LIBS = -lsystemd

.PHONY: check-interop
check-interop: all
	+@BUILD='$(BUILD)' MAKE='$(MAKE)' sh tests/interop/run.sh $(INTEROP)

$(BUILD)/interop/console-peer: PEER_CFLAGS = -static

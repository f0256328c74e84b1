# fdferry: GNU make and a C compiler are all that building needs.
#
#   make            build/fdferry, build/libfdferry.a, build/libfdferry.so
#   make demo       two processes, one open file: the main job, shown
#   make test       the fast tests (under a minute)
#   make check      installs what the tests need, then all of them
#   make kill-test  kills the store's processes under load, and writes docs/kill-test.md
#   make check-interop   installs programs that are not ours, and meets them
#   make bench      measures against other libraries, and writes docs/benchmarks.md
#   make install    DESTDIR, PREFIX; make uninstall takes it away again
#
# CC=clang, BUILD=build/somewhere and SANITIZE=address,undefined make a variant.

VERSION := $(shell sed -n 's/^.define FERRY_VERSION "\(.*\)"/\1/p' include/fdferry.h)
SOVERSION := 0

BUILD ?= build
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/fdferry
BASH_COMPLETION_DIR ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETION_DIR ?= $(PREFIX)/share/zsh/site-functions
INSTALL ?= install

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-psabi
FERRY_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) -fvisibility=hidden -MMD -MP $(CFLAGS)
FERRY_LDFLAGS := $(LDFLAGS)
ifdef SANITIZE
FERRY_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
FERRY_LDFLAGS += -fsanitize=$(SANITIZE)
endif
ifdef WERROR
FERRY_CFLAGS += -Werror
endif

LIB_SOURCES := $(wildcard lib/*.c lib/*/*.c wire/*.c)
CMD_SOURCES := $(wildcard cmd/*.c)
STORE_SOURCES := $(wildcard store/*.c)
EXAMPLE_SOURCES := $(wildcard examples/*.c examples/*/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
PIC_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.pic.o)
CMD_OBJECTS := $(CMD_SOURCES:%.c=$(BUILD)/%.o) $(STORE_SOURCES:%.c=$(BUILD)/%.o)
EXAMPLES := $(EXAMPLE_SOURCES:%.c=$(BUILD)/%)
SHARED := libfdferry.so.$(SOVERSION)

## Build (make)

.PHONY: all
all: $(BUILD)/fdferry $(BUILD)/libfdferry.a $(BUILD)/libfdferry.so $(BUILD)/fdferry.pc

$(BUILD)/fdferry: $(CMD_OBJECTS) $(BUILD)/libfdferry.a
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -o $@ $^

$(BUILD)/libfdferry.a: $(LIB_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/$(SHARED): $(PIC_OBJECTS) lib/fdferry.map
	$(CC) $(FERRY_CFLAGS) $(FERRY_LDFLAGS) -shared -Wl,-soname,$(SHARED) \
		-Wl,--version-script,lib/fdferry.map $(if $(SANITIZE),,-Wl,-z,defs) -o $@ $(PIC_OBJECTS)

$(BUILD)/libfdferry.so: $(BUILD)/$(SHARED)
	ln -sf $(SHARED) $@

# The command sees the public headers only, the library also its own, the parsers none.
$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Iinclude -Ilib -c -o $@ $<

$(BUILD)/lib/%.pic.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -fPIC -Iinclude -Ilib -c -o $@ $<

$(BUILD)/wire/%.o: wire/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -c -o $@ $<

$(BUILD)/wire/%.pic.o: wire/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -fPIC -c -o $@ $<

$(BUILD)/cmd/%.o: cmd/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Iinclude -Istore -c -o $@ $<

# The store sees the public headers and the parsers.
$(BUILD)/store/%.o: store/%.c
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Iinclude -c -o $@ $<

# Each time: PREFIX may be another one.
.PHONY: $(BUILD)/fdferry.pc
$(BUILD)/fdferry.pc: fdferry.pc.in
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' fdferry.pc.in >$@

# They are there to be read: no casts for the sake of musl's CMSG_NXTHDR and its lengths of 32 bits.
.PHONY: examples
examples: $(EXAMPLES)

$(BUILD)/examples/%: examples/%.c $(BUILD)/libfdferry.a
	@mkdir -p $(@D)
	$(CC) $(FERRY_CFLAGS) -Wno-conversion -Wno-sign-conversion -Iinclude $(FERRY_LDFLAGS) -o $@ $< \
		$(BUILD)/libfdferry.a

## Show (make demo)

.PHONY: demo
demo: $(BUILD)/fdferry
	@sh examples/demo.sh '$(abspath $(BUILD))/fdferry'

## Test (make test, make check)

include tests/tests.mk

## Measure (make bench)

include bench/bench.mk

## Install (make install)

MAN_PAGES := $(wildcard man/*.[1-8])

.PHONY: install
install: all
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 755 $(BUILD)/fdferry '$(DESTDIR)$(BINDIR)/fdferry'
	$(INSTALL) -m 644 include/fdferry.h '$(DESTDIR)$(INCLUDEDIR)/fdferry.h'
	$(INSTALL) -d '$(DESTDIR)$(INCLUDEDIR)/fdferry'
	$(INSTALL) -m 644 include/fdferry/service.h '$(DESTDIR)$(INCLUDEDIR)/fdferry/service.h'
	$(INSTALL) -m 644 include/fdferry/store.h '$(DESTDIR)$(INCLUDEDIR)/fdferry/store.h'
	$(INSTALL) -m 644 $(BUILD)/libfdferry.a '$(DESTDIR)$(LIBDIR)/libfdferry.a'
	$(INSTALL) -m 755 $(BUILD)/$(SHARED) '$(DESTDIR)$(LIBDIR)/$(SHARED)'
	ln -sf $(SHARED) '$(DESTDIR)$(LIBDIR)/libfdferry.so'
	$(INSTALL) -m 644 $(BUILD)/fdferry.pc '$(DESTDIR)$(LIBDIR)/pkgconfig/fdferry.pc'
	$(INSTALL) -d '$(DESTDIR)$(BASH_COMPLETION_DIR)' '$(DESTDIR)$(ZSH_COMPLETION_DIR)'
	$(INSTALL) -m 644 completion/fdferry.bash '$(DESTDIR)$(BASH_COMPLETION_DIR)/fdferry'
	$(INSTALL) -m 644 completion/_fdferry '$(DESTDIR)$(ZSH_COMPLETION_DIR)/_fdferry'
	@sh man/install.sh '$(INSTALL)' '$(DESTDIR)$(MANDIR)' $(MAN_PAGES)
	@[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || PATH=$$PATH:/sbin:/usr/sbin ldconfig || :

.PHONY: uninstall
uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/fdferry' '$(DESTDIR)$(INCLUDEDIR)/fdferry.h'
	rm -f '$(DESTDIR)$(INCLUDEDIR)/fdferry/service.h' '$(DESTDIR)$(INCLUDEDIR)/fdferry/store.h'
	rmdir '$(DESTDIR)$(INCLUDEDIR)/fdferry' 2>/dev/null || :
	rm -f '$(DESTDIR)$(LIBDIR)/libfdferry.a' '$(DESTDIR)$(LIBDIR)/libfdferry.so'
	rm -f '$(DESTDIR)$(LIBDIR)/$(SHARED)' '$(DESTDIR)$(LIBDIR)/pkgconfig/fdferry.pc'
	rm -f '$(DESTDIR)$(BASH_COMPLETION_DIR)/fdferry' '$(DESTDIR)$(ZSH_COMPLETION_DIR)/_fdferry'
	@sh man/install.sh --remove '$(DESTDIR)$(MANDIR)' $(MAN_PAGES)

## Keep (make format, make pictures, make clean)

.PHONY: format
format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

# The pictures of docs/ are kept beside their sources; this takes Graphviz.
.PHONY: pictures
pictures:
	@sh docs/pictures/draw.sh docs/pictures/*.dot

.PHONY: clean
clean:
	rm -rf build

-include $(LIB_OBJECTS:.o=.d) $(PIC_OBJECTS:.o=.d) $(CMD_OBJECTS:.o=.d) $(EXAMPLES:=.d)

# fuzz.mk - the fuzz targets, and their corpora as tests; included by tests/tests.mk.
#
#   make fuzz SECONDS=60            each target for so long, with clang's libFuzzer
#   make fuzz FUZZ=socket           one of them
#
# What a run finds lies in build/fuzz/NAME; a file that is worth keeping goes to fuzz/NAME/corpus.

FUZZ ?= control address lines options endpoint socket request notify
FUZZ_REPLAYS := $(patsubst fuzz/%/target.c,$(BUILD)/fuzz/%/target,$(wildcard fuzz/*/target.c))
FUZZ_FLAGS = $(FERRY_CFLAGS) -Iinclude -Ilib
SECONDS ?= 60

$(BUILD)/fuzz/%/target: fuzz/%/target.c fuzz/main.c fuzz/fuzz.h $(BUILD)/libfdferry.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(FUZZ_FLAGS)) -DCORPUS='"fuzz/$*/corpus"' $(FERRY_LDFLAGS) -o $@ \
		fuzz/$*/target.c fuzz/main.c $(if $(filter socket,$*),$(BUILD)/libfdferry.a)

$(FUZZ_REPLAYS): $(LIB_SOURCES) $(CMD_SOURCES) $(STORE_SOURCES)

.PHONY: fuzz
fuzz:
	@MAKE='$(MAKE)' sh fuzz/run.sh '$(SECONDS)' $(FUZZ)

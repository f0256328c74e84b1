/* SPDX-License-Identifier: MIT
 * fuzz.h - what the fuzz targets share: the name that libFuzzer calls, and a check that ends it. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(expr)                                                                              \
	do {                                                                                       \
		if (!(expr)) {                                                                     \
			fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #expr);        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif

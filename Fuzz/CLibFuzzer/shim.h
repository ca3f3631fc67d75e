#pragma once
#include <stddef.h>
#include <stdint.h>

// Part of the runtime that `-sanitize=fuzzer` links; LLVM has no header for it.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

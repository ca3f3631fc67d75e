// Swift imports neither variadic functions nor function-like macros; these wrappers stand in for the ones we call.
#pragma once
#include <git2.h>

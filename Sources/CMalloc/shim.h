// What glibc's own module for Swift leaves out of <malloc.h>.
#pragma once
#include <malloc.h>

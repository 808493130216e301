#ifndef CALLOCATIONCOUNTER_H
#define CALLOCATIONCOUNTER_H

#include <stdint.h>

/// Starts to count the heap allocations of the calling thread, from 0.
///
/// The executable's own malloc, calloc, realloc, reallocarray, posix_memalign, aligned_alloc, memalign, valloc and
/// pvalloc stand in the way of glibc's, for the Swift runtime's calls too.
void callocationcounter_start(void);

/// Stops to count.
///
/// Returns how many allocations there were since the start; a reallocation is one.
uint64_t callocationcounter_stop(void);

#endif

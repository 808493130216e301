// Interposes glibc's allocator: a definition in the executable comes before that in any shared library.
#include "CAllocationCounter.h"

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static const size_t page_size = 4096;

// Both of the thread, so that other threads neither count nor are counted.
static _Thread_local uint64_t allocations;
static _Thread_local int counting;

void callocationcounter_start(void) {
    allocations = 0;
    counting = 1;
}

uint64_t callocationcounter_stop(void) {
    counting = 0;
    return allocations;
}

static void count(void) { allocations += (uint64_t)counting; }

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    count();
    return __libc_realloc(memory, size);
}

void *reallocarray(void *memory, size_t number, size_t size) {
    size_t octets;
    if (__builtin_mul_overflow(number, size, &octets)) {
        errno = ENOMEM;
        return NULL;
    }
    count();
    return __libc_realloc(memory, octets);
}

void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

void *valloc(size_t size) { return memalign(page_size, size); }

void *pvalloc(size_t size) { return memalign(page_size, (size + page_size - 1) & ~(page_size - 1)); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *got = memalign(alignment, size);
    if (got == NULL) return ENOMEM;
    *memory = got;
    return 0;
}

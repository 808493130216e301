#ifndef CSHA1_H
#define CSHA1_H

#include <stddef.h>
#include <stdint.h>

/// How many messages gain most when they are hashed together.
enum { CSHA1_LANES = 16 };

/// A message, a head that is copied and a body that stays where it is, and its digest when that was computed.
///
/// AYIYA signs a datagram with another value in the middle of its header: the head is where both are put together.
typedef struct {
    const uint8_t *body;
    size_t body_count;
    /// Under 64.
    size_t head_count;
    uint8_t head[64];
    uint8_t digest[20];
} csha1_message;

/// What a CPU may have that SHA-1 gains from: bits of a mask.
enum {
    /// Instructions for SHA-1, which take two messages at once: a round waits for the one before it, so that the steps of
    /// two overlap.
    CSHA1_SHA = 1,
    /// Registers that hold a word of eight messages each.
    CSHA1_AVX2 = 2,
    /// Registers that hold a word of sixteen.
    CSHA1_AVX512 = 4
};

/// Computes SHA-1 (FIPS 180-4) of messages, which may differ in length, without allocating.
///
/// Many at once take much less time than one after the other. Uses what the CPU has and is found to be fastest the first time,
/// which takes less than a millisecond, and libcrypto for the rest.
void csha1_digest(csha1_message *messages, size_t count);

/// The same with some extensions only, which the CPU must have: by libcrypto where there are none.
void csha1_digest_with(unsigned extensions, csha1_message *messages, size_t count);

/// What the CPU has.
unsigned csha1_extensions(void);

/// What of it is best used, by trying: a CPU may have registers that are wider than what it works on at a time.
unsigned csha1_fastest_extensions(void);

#endif

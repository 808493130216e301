#ifndef CSHA1_H
#define CSHA1_H

#include <stddef.h>
#include <stdint.h>

/// One part of a message that is hashed as if all parts stood one after the other.
typedef struct {
    const uint8_t *octets;
    size_t count;
} csha1_part;

/// Computes SHA-1 (FIPS 180-4) over three parts, one after the other, without allocating.
///
/// AYIYA signs a datagram in whose middle another value stands; parts avoid a copy of the datagram.
/// Uses the CPU's SHA instructions where it has them, and libcrypto elsewhere.
void csha1_digest(const csha1_part parts[3], uint8_t digest[20]);

/// Computes two digests at once: with the CPU's SHA instructions the two chains of dependent steps overlap, so that both
/// take little longer than one. The messages may differ in length.
void csha1_digest_pair(const csha1_part first[3], const csha1_part second[3], uint8_t first_digest[20],
                       uint8_t second_digest[20]);

/// The same by libcrypto, whatever the CPU has.
void csha1_digest_libcrypto(const csha1_part parts[3], uint8_t digest[20]);

/// Whether the CPU's SHA instructions are used.
int csha1_uses_cpu_instructions(void);

#endif

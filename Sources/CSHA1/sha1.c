// SHA-1 as FIPS 180-4 section 6.1.2 gives it, and the same with the SHA extensions of x86-64.
#include "CSHA1.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef void (*csha1_compress)(uint32_t state[5], const uint8_t *blocks, size_t count);

static uint32_t rotate_left(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

static uint32_t load_big_endian(const uint8_t *octets) {
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static void compress_portable(uint32_t state[5], const uint8_t *blocks, size_t count) {
    for (; count > 0; count--, blocks += 64) {
        uint32_t w[80];
        for (int t = 0; t < 16; t++) w[t] = load_big_endian(blocks + 4 * t);
        for (int t = 16; t < 80; t++) w[t] = rotate_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (int t = 0; t < 80; t++) {
            uint32_t f, k;
            if (t < 20) {
                f = (b & c) | (~b & d);
                k = 0x5a827999;
            } else if (t < 40) {
                f = b ^ c ^ d;
                k = 0x6ed9eba1;
            } else if (t < 60) {
                f = (b & c) | (b & d) | (c & d);
                k = 0x8f1bbcdc;
            } else {
                f = b ^ c ^ d;
                k = 0xca62c1d6;
            }
            uint32_t next = rotate_left(a, 5) + f + e + k + w[t];
            e = d;
            d = c;
            c = rotate_left(b, 30);
            b = a;
            a = next;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
}

#if defined(__x86_64__)
// Four rounds a step: `sha1rnds4` does the rounds, `sha1nexte` the next E, `sha1msg1`/`sha1msg2` the schedule.
#define CSHA1_ROUNDS(group, constant)                                                       \
    do {                                                                                    \
        __m128i next = abcd;                                                                \
        if (group == 0)                                                                     \
            e = _mm_add_epi32(e, w[0]);                                                     \
        else                                                                                \
            e = _mm_sha1nexte_epu32(e, w[group & 3]);                                       \
        abcd = _mm_sha1rnds4_epu32(abcd, e, constant);                                      \
        e = next;                                                                           \
        if (group < 16) {                                                                   \
            __m128i message = _mm_sha1msg1_epu32(w[group & 3], w[(group + 1) & 3]);         \
            message = _mm_xor_si128(message, w[(group + 2) & 3]);                           \
            w[group & 3] = _mm_sha1msg2_epu32(message, w[(group + 3) & 3]);                 \
        }                                                                                   \
    } while (0)

__attribute__((target("sha,ssse3,sse4.1"))) static void compress_sha_instructions(
    uint32_t state[5], const uint8_t *blocks, size_t count) {
    const __m128i big_endian = _mm_set_epi64x(0x0001020304050607ll, 0x08090a0b0c0d0e0fll);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1b);
    __m128i e = _mm_set_epi32((int)state[4], 0, 0, 0);
    for (; count > 0; count--, blocks += 64) {
        const __m128i abcd_before = abcd, e_before = e;
        __m128i w[4];
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks + 16 * i)), big_endian);
        CSHA1_ROUNDS(0, 0); CSHA1_ROUNDS(1, 0); CSHA1_ROUNDS(2, 0); CSHA1_ROUNDS(3, 0); CSHA1_ROUNDS(4, 0);
        CSHA1_ROUNDS(5, 1); CSHA1_ROUNDS(6, 1); CSHA1_ROUNDS(7, 1); CSHA1_ROUNDS(8, 1); CSHA1_ROUNDS(9, 1);
        CSHA1_ROUNDS(10, 2); CSHA1_ROUNDS(11, 2); CSHA1_ROUNDS(12, 2); CSHA1_ROUNDS(13, 2); CSHA1_ROUNDS(14, 2);
        CSHA1_ROUNDS(15, 3); CSHA1_ROUNDS(16, 3); CSHA1_ROUNDS(17, 3); CSHA1_ROUNDS(18, 3); CSHA1_ROUNDS(19, 3);
        e = _mm_sha1nexte_epu32(e, e_before);
        abcd = _mm_add_epi32(abcd, abcd_before);
    }
    _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1b));
    state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}
#endif

int csha1_uses_cpu_instructions(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sha");
#else
    return 0;
#endif
}

static csha1_compress chosen_compress(void) {
#if defined(__x86_64__)
    static csha1_compress chosen;
    csha1_compress compress = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (compress == NULL) {
        compress = csha1_uses_cpu_instructions() ? compress_sha_instructions : compress_portable;
        __atomic_store_n(&chosen, compress, __ATOMIC_RELAXED);
    }
    return compress;
#else
    return compress_portable;
#endif
}

static void digest_with(csha1_compress compress, const csha1_part parts[3], uint8_t digest[20]) {
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t block[64];
    size_t held = 0;
    uint64_t total = 0;
    for (int i = 0; i < 3; i++) {
        const uint8_t *octets = parts[i].octets;
        size_t count = parts[i].count;
        total += count;
        if (held > 0) {
            size_t taken = count < 64 - held ? count : 64 - held;
            if (taken > 0) memcpy(block + held, octets, taken);
            held += taken;
            octets += taken;
            count -= taken;
            if (held < 64) continue;
            compress(state, block, 1);
            held = 0;
        }
        if (count >= 64) {
            compress(state, octets, count / 64);
            octets += count / 64 * 64;
            count %= 64;
        }
        if (count > 0) memcpy(block, octets, count);
        held = count;
    }
    block[held++] = 0x80;
    if (held > 56) {
        memset(block + held, 0, 64 - held);
        compress(state, block, 1);
        held = 0;
    }
    memset(block + held, 0, 56 - held);
    for (int i = 0; i < 8; i++) block[56 + i] = (uint8_t)(total * 8 >> (56 - 8 * i));
    compress(state, block, 1);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 4; j++) digest[4 * i + j] = (uint8_t)(state[i] >> (24 - 8 * j));
}

void csha1_digest(const csha1_part parts[3], uint8_t digest[20]) { digest_with(chosen_compress(), parts, digest); }

void csha1_digest_portable(const csha1_part parts[3], uint8_t digest[20]) {
    digest_with(compress_portable, parts, digest);
}

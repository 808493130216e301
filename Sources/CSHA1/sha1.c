// SHA-1 (FIPS 180-4 section 6.1.2) with the SHA extensions of x86-64, and by libcrypto elsewhere.

// The low-level interface is deprecated from version 3 on.
#define OPENSSL_API_COMPAT 0x10100000L

#include "CSHA1.h"

#include <openssl/sha.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef void (*csha1_compress)(uint32_t state[5], const uint8_t *blocks, size_t count);

// OpenSSL's own code for processors without SHA extensions; its low-level interface is the one that needs no heap.
static void compress_libcrypto(uint32_t state[5], const uint8_t *blocks, size_t count) {
    SHA_CTX context = {.h0 = state[0], .h1 = state[1], .h2 = state[2], .h3 = state[3], .h4 = state[4]};
    SHA1_Update(&context, blocks, 64 * count);
    state[0] = context.h0;
    state[1] = context.h1;
    state[2] = context.h2;
    state[3] = context.h3;
    state[4] = context.h4;
}

#if defined(__x86_64__)
// Four rounds a step: `sha1rnds4` does the rounds, `sha1nexte` the next E, `sha1msg1`/`sha1msg2` the schedule.
#define CSHA1_ROUNDS(lane, group, constant)                                                            \
    do {                                                                                               \
        __m128i next = abcd##lane;                                                                     \
        if (group == 0)                                                                                \
            e##lane = _mm_add_epi32(e##lane, w##lane[0]);                                              \
        else                                                                                           \
            e##lane = _mm_sha1nexte_epu32(e##lane, w##lane[group & 3]);                                \
        abcd##lane = _mm_sha1rnds4_epu32(abcd##lane, e##lane, constant);                               \
        e##lane = next;                                                                                \
        if (group < 16) {                                                                              \
            __m128i message = _mm_sha1msg1_epu32(w##lane[group & 3], w##lane[(group + 1) & 3]);        \
            message = _mm_xor_si128(message, w##lane[(group + 2) & 3]);                                \
            w##lane[group & 3] = _mm_sha1msg2_epu32(message, w##lane[(group + 3) & 3]);                \
        }                                                                                              \
    } while (0)

#define CSHA1_LOAD_STATE(lane, state)                                                                  \
    __m128i abcd##lane = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state)), 0x1b);           \
    __m128i e##lane = _mm_set_epi32((int)(state)[4], 0, 0, 0)

#define CSHA1_LOAD_BLOCK(lane, blocks)                                                                 \
    const __m128i abcd_before##lane = abcd##lane, e_before##lane = e##lane;                            \
    __m128i w##lane[4];                                                                                \
    for (int i = 0; i < 4; i++)                                                                        \
    w##lane[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)((blocks) + 16 * i)), big_endian)

#define CSHA1_ADD_BLOCK(lane)                                                                          \
    e##lane = _mm_sha1nexte_epu32(e##lane, e_before##lane);                                            \
    abcd##lane = _mm_add_epi32(abcd##lane, abcd_before##lane)

#define CSHA1_STORE_STATE(lane, state)                                                                 \
    _mm_storeu_si128((__m128i *)(state), _mm_shuffle_epi32(abcd##lane, 0x1b));                         \
    (state)[4] = (uint32_t)_mm_extract_epi32(e##lane, 3)

#define CSHA1_ALL_GROUPS(STEP)                                                                         \
    STEP(0, 0); STEP(1, 0); STEP(2, 0); STEP(3, 0); STEP(4, 0);                                        \
    STEP(5, 1); STEP(6, 1); STEP(7, 1); STEP(8, 1); STEP(9, 1);                                        \
    STEP(10, 2); STEP(11, 2); STEP(12, 2); STEP(13, 2); STEP(14, 2);                                   \
    STEP(15, 3); STEP(16, 3); STEP(17, 3); STEP(18, 3); STEP(19, 3)

__attribute__((target("sha,ssse3,sse4.1"))) static void compress_sha_instructions(
    uint32_t state[5], const uint8_t *blocks, size_t count) {
    const __m128i big_endian = _mm_set_epi64x(0x0001020304050607ll, 0x08090a0b0c0d0e0fll);
    CSHA1_LOAD_STATE(_a, state);
    for (; count > 0; count--, blocks += 64) {
        CSHA1_LOAD_BLOCK(_a, blocks);
#define CSHA1_STEP(group, constant) CSHA1_ROUNDS(_a, group, constant)
        CSHA1_ALL_GROUPS(CSHA1_STEP);
#undef CSHA1_STEP
        CSHA1_ADD_BLOCK(_a);
    }
    CSHA1_STORE_STATE(_a, state);
}

// Each round waits for the one before it, so that one message leaves the units idle most of the time.
__attribute__((target("sha,ssse3,sse4.1"))) static void compress_two_sha_instructions(
    uint32_t first_state[5], const uint8_t *first, uint32_t second_state[5], const uint8_t *second, size_t count) {
    const __m128i big_endian = _mm_set_epi64x(0x0001020304050607ll, 0x08090a0b0c0d0e0fll);
    CSHA1_LOAD_STATE(_a, first_state);
    CSHA1_LOAD_STATE(_b, second_state);
    for (; count > 0; count--, first += 64, second += 64) {
        CSHA1_LOAD_BLOCK(_a, first);
        CSHA1_LOAD_BLOCK(_b, second);
#define CSHA1_STEP(group, constant)          \
    CSHA1_ROUNDS(_a, group, constant);       \
    CSHA1_ROUNDS(_b, group, constant)
        CSHA1_ALL_GROUPS(CSHA1_STEP);
#undef CSHA1_STEP
        CSHA1_ADD_BLOCK(_a);
        CSHA1_ADD_BLOCK(_b);
    }
    CSHA1_STORE_STATE(_a, first_state);
    CSHA1_STORE_STATE(_b, second_state);
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
        compress = csha1_uses_cpu_instructions() ? compress_sha_instructions : compress_libcrypto;
        __atomic_store_n(&chosen, compress, __ATOMIC_RELAXED);
    }
    return compress;
#else
    return compress_libcrypto;
#endif
}

// A message on its way: hands out its blocks, from the parts themselves where they are whole there.
typedef struct {
    const csha1_part *parts;
    int part;
    size_t offset;
    int is_padded;
    size_t held;
    // What is left of the blocks that were handed out last.
    const uint8_t *blocks;
    size_t count;
    uint32_t state[5];
    uint8_t block[128];
} csha1_lane;

static void begin(csha1_lane *lane, const csha1_part parts[3]) {
    static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    lane->parts = parts;
    lane->part = 0;
    lane->offset = 0;
    lane->is_padded = 0;
    lane->held = 0;
    lane->count = 0;
    memcpy(lane->state, initial, sizeof initial);
}

static int hand_out(csha1_lane *lane, const uint8_t *blocks, size_t count) {
    lane->blocks = blocks;
    lane->count = count;
    return 1;
}

static int pad(csha1_lane *lane) {
    if (lane->is_padded) return 0;
    lane->is_padded = 1;
    const uint64_t bits = 8 * ((uint64_t)lane->parts[0].count + lane->parts[1].count + lane->parts[2].count);
    const size_t count = lane->held < 56 ? 1 : 2;
    lane->block[lane->held] = 0x80;
    memset(lane->block + lane->held + 1, 0, 64 * count - lane->held - 9);
    for (int i = 0; i < 8; i++) lane->block[64 * count - 8 + i] = (uint8_t)(bits >> (56 - 8 * i));
    return hand_out(lane, lane->block, count);
}

// Has the lane hand out more blocks when it has none; 0 at the message's end.
static int has_blocks(csha1_lane *lane) {
    if (lane->count > 0) return 1;
    for (; lane->part < 3; lane->part++, lane->offset = 0) {
        const size_t left = lane->parts[lane->part].count - lane->offset;
        if (left == 0) continue;
        const uint8_t *octets = lane->parts[lane->part].octets + lane->offset;
        if (lane->held == 0 && left >= 64) {
            lane->offset += left / 64 * 64;
            return hand_out(lane, octets, left / 64);
        }
        const size_t taken = left < 64 - lane->held ? left : 64 - lane->held;
        memcpy(lane->block + lane->held, octets, taken);
        lane->held += taken;
        lane->offset += taken;
        if (lane->held == 64) {
            lane->held = 0;
            return hand_out(lane, lane->block, 1);
        }
    }
    return pad(lane);
}

static void finish(csha1_lane *lane, csha1_compress compress, uint8_t digest[20]) {
    while (has_blocks(lane)) {
        compress(lane->state, lane->blocks, lane->count);
        lane->count = 0;
    }
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 4; j++) digest[4 * i + j] = (uint8_t)(lane->state[i] >> (24 - 8 * j));
}

static void digest_with(csha1_compress compress, const csha1_part parts[3], uint8_t digest[20]) {
    csha1_lane lane;
    begin(&lane, parts);
    finish(&lane, compress, digest);
}

void csha1_digest(const csha1_part parts[3], uint8_t digest[20]) { digest_with(chosen_compress(), parts, digest); }

void csha1_digest_libcrypto(const csha1_part parts[3], uint8_t digest[20]) {
    digest_with(compress_libcrypto, parts, digest);
}

void csha1_digest_pair(const csha1_part first[3], const csha1_part second[3], uint8_t first_digest[20],
                       uint8_t second_digest[20]) {
    const csha1_compress compress = chosen_compress();
    csha1_lane a, b;
    begin(&a, first);
    begin(&b, second);
#if defined(__x86_64__)
    while (compress == compress_sha_instructions && has_blocks(&a) && has_blocks(&b)) {
        const size_t count = a.count < b.count ? a.count : b.count;
        compress_two_sha_instructions(a.state, a.blocks, b.state, b.blocks, count);
        a.blocks += 64 * count;
        a.count -= count;
        b.blocks += 64 * count;
        b.count -= count;
    }
#endif
    finish(&a, compress, first_digest);
    finish(&b, compress, second_digest);
}

// SHA-1 (FIPS 180-4 section 6.1.2) of many messages with AVX-512 or AVX2, of one or two with the SHA extensions of x86-64,
// and by libcrypto where the CPU has none of them.

// The low-level interface is deprecated from version 3 on.
#define OPENSSL_API_COMPAT 0x10100000L

#include "CSHA1.h"

#include <limits.h>
#include <openssl/sha.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>

typedef uint32_t csha1_sixteen __attribute__((vector_size(64)));
typedef uint32_t csha1_eight __attribute__((vector_size(32)));
#endif

// A register holds a word of each message. How few messages are still worth it depends on what else the CPU has.
enum { LANES = CSHA1_LANES, LEAST_BESIDE_SHA = 6, LEAST_BESIDE_LIBCRYPTO = 4 };

typedef void (*csha1_compress_many)(uint32_t state[5][LANES], const uint8_t *const blocks[LANES], size_t count);

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

// The words of a block, each in a register beside the same word of other messages' blocks.
#define CSHA1_SWAP_OCTETS _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll)

__attribute__((target("avx512f,avx512bw"))) static inline void load_sixteen(
    csha1_sixteen words[16], const uint8_t *const blocks[16], size_t offset) {
    const __m512i big_endian = _mm512_broadcast_i32x4(CSHA1_SWAP_OCTETS);
    __m512i rows[16], pairs[16];
    for (int i = 0; i < 16; i++) rows[i] = _mm512_loadu_si512(blocks[i] + offset);
    for (int i = 0; i < 16; i += 2) {
        pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    // Afterwards rows[4q + k] has, in its quarter n, word 4n + k of the messages 4q to 4q + 3.
    for (int i = 0; i < 16; i += 4) {
        rows[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        rows[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        rows[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        rows[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    for (int k = 0; k < 4; k++) {
        const __m512i even_low = _mm512_shuffle_i32x4(rows[k], rows[4 + k], 0x88);
        const __m512i odd_low = _mm512_shuffle_i32x4(rows[k], rows[4 + k], 0xdd);
        const __m512i even_high = _mm512_shuffle_i32x4(rows[8 + k], rows[12 + k], 0x88);
        const __m512i odd_high = _mm512_shuffle_i32x4(rows[8 + k], rows[12 + k], 0xdd);
        const __m512i columns[4] = {
            _mm512_shuffle_i32x4(even_low, even_high, 0x88), _mm512_shuffle_i32x4(odd_low, odd_high, 0x88),
            _mm512_shuffle_i32x4(even_low, even_high, 0xdd), _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd)};
        for (int n = 0; n < 4; n++)
            words[4 * n + k] = (csha1_sixteen)_mm512_shuffle_epi8(columns[n], big_endian);
    }
}

__attribute__((target("avx2"))) static inline void load_eight(
    csha1_eight words[16], const uint8_t *const blocks[8], size_t offset) {
    const __m256i big_endian = _mm256_broadcastsi128_si256(CSHA1_SWAP_OCTETS);
    for (int half = 0; half < 2; half++) {
        __m256i rows[8], pairs[8];
        for (int i = 0; i < 8; i++)
            rows[i] = _mm256_loadu_si256((const __m256i *)(blocks[i] + offset + 32 * half));
        for (int i = 0; i < 8; i += 2) {
            pairs[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
            pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
        }
        // Afterwards rows[4q + k] has, in its half n, word 4n + k of the messages 4q to 4q + 3.
        for (int i = 0; i < 8; i += 4) {
            rows[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
            rows[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
            rows[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
            rows[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
        }
        for (int k = 0; k < 4; k++) {
            const __m256i columns[2] = {
                _mm256_permute2x128_si256(rows[k], rows[4 + k], 0x20),
                _mm256_permute2x128_si256(rows[k], rows[4 + k], 0x31)};
            for (int n = 0; n < 2; n++)
                words[8 * half + 4 * n + k] = (csha1_eight)_mm256_shuffle_epi8(columns[n], big_endian);
        }
    }
}

// The functions of FIPS 180-4 section 4.1.1.
#define CSHA1_CH (d ^ (b & (c ^ d)))
#define CSHA1_PARITY (b ^ c ^ d)
#define CSHA1_MAJ ((b & c) | (d & (b | c)))
#define CSHA1_ROTATE(word, bits) ((word) << (bits) | (word) >> (32 - (bits)))

// One round after the other, twenty of the same function.
#define CSHA1_TWENTY_ROUNDS(first, function, constant)                                                 \
    _Pragma("clang loop unroll(full)") for (int i = first; i < first + 20; i++) {                      \
        if (i >= 16) {                                                                                 \
            w[i & 15] ^= w[(i + 2) & 15] ^ w[(i + 8) & 15] ^ w[(i + 13) & 15];                         \
            w[i & 15] = CSHA1_ROTATE(w[i & 15], 1);                                                    \
        }                                                                                              \
        const __typeof__(a) next = (e + w[i & 15] + (constant)) + (CSHA1_ROTATE(a, 5) + function);     \
        e = d;                                                                                         \
        d = c;                                                                                         \
        c = CSHA1_ROTATE(b, 30);                                                                       \
        b = a;                                                                                         \
        a = next;                                                                                      \
    }

// Blocks of many messages at once. A state's column is a message.
#define CSHA1_COMPRESS_MANY(vector, load)                                                              \
    vector s[5], w[16];                                                                                \
    for (int i = 0; i < 5; i++) memcpy(&s[i], state[i], sizeof s[i]);                                  \
    for (size_t offset = 0; offset < 64 * count; offset += 64) {                                       \
        load(w, blocks, offset);                                                                       \
        vector a = s[0], b = s[1], c = s[2], d = s[3], e = s[4];                                       \
        CSHA1_TWENTY_ROUNDS(0, CSHA1_CH, 0x5a827999)                                                   \
        CSHA1_TWENTY_ROUNDS(20, CSHA1_PARITY, 0x6ed9eba1)                                              \
        CSHA1_TWENTY_ROUNDS(40, CSHA1_MAJ, 0x8f1bbcdc)                                                 \
        CSHA1_TWENTY_ROUNDS(60, CSHA1_PARITY, 0xca62c1d6)                                              \
        s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e;                                         \
    }                                                                                                  \
    for (int i = 0; i < 5; i++) memcpy(state[i], &s[i], sizeof s[i])

__attribute__((target("avx512f,avx512bw"))) static void compress_sixteen(
    uint32_t state[5][LANES], const uint8_t *const blocks[LANES], size_t count) {
    CSHA1_COMPRESS_MANY(csha1_sixteen, load_sixteen);
}

__attribute__((target("avx2"))) static void compress_eight(
    uint32_t state[5][LANES], const uint8_t *const blocks[LANES], size_t count) {
    CSHA1_COMPRESS_MANY(csha1_eight, load_eight);
}
#endif

unsigned csha1_extensions(void) {
#if defined(__x86_64__)
    // The code for SHA needs SSE 4.1 too, which every CPU has that has SHA.
    const unsigned sha = __builtin_cpu_supports("sha") ? CSHA1_SHA : 0;
    const unsigned avx2 = __builtin_cpu_supports("avx2") ? CSHA1_AVX2 : 0;
    const int has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    return sha | avx2 | (has_avx512 ? CSHA1_AVX512 : 0);
#else
    return 0;
#endif
}

// Blocks that lie one behind the other.
typedef struct {
    const uint8_t *blocks;
    size_t count;
} csha1_run;

// A message on its way: what its head shares a block with, what is hashed where it lies, and the end with the padding.
typedef struct {
    csha1_run runs[3];
    int run;
    uint32_t state[5];
    uint8_t front[64];
    uint8_t tail[128];
} csha1_lane;

static void begin(csha1_lane *lane, const csha1_message *message) {
    static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const size_t head = message->head_count;
    // No octets may lie nowhere.
    const uint8_t *body = message->body_count > 0 ? message->body : message->head;
    size_t left = message->body_count, held = head;
    memcpy(lane->state, initial, sizeof initial);
    memset(lane->tail, 0, sizeof lane->tail);
    lane->run = 0;
    lane->runs[0].count = 0;
    if (head > 0 && head + left >= 64) {
        memcpy(lane->front, message->head, sizeof lane->front);
        memcpy(lane->front + head, body, 64 - head);
        lane->runs[0] = (csha1_run){lane->front, 1};
        body += 64 - head;
        left -= 64 - head;
        held = 0;
    }
    memcpy(lane->tail, message->head, held);
    lane->runs[1] = (csha1_run){body, held > 0 ? 0 : left / 64};
    body += 64 * lane->runs[1].count;
    left -= 64 * lane->runs[1].count;
    if (left > 0) memcpy(lane->tail + held, body, left);
    held += left;
    lane->tail[held] = 0x80;
    lane->runs[2] = (csha1_run){lane->tail, held < 56 ? 1 : 2};
    const uint64_t bits = __builtin_bswap64(8 * ((uint64_t)head + message->body_count));
    memcpy(lane->tail + 64 * lane->runs[2].count - sizeof bits, &bits, sizeof bits);
}

// Finds the blocks that come next, NULL at the message's end.
static csha1_run *next_run(csha1_lane *lane) {
    for (; lane->run < 3; lane->run++)
        if (lane->runs[lane->run].count > 0) return &lane->runs[lane->run];
    return NULL;
}

static void advance(csha1_run *run, size_t count) {
    run->blocks += 64 * count;
    run->count -= count;
}

// Works on a message till its end.
static void finish(csha1_lane *lane, unsigned extensions) {
    for (csha1_run *run; (run = next_run(lane)) != NULL; run->count = 0) {
#if defined(__x86_64__)
        if (extensions & CSHA1_SHA) {
            compress_sha_instructions(lane->state, run->blocks, run->count);
            continue;
        }
#endif
        compress_libcrypto(lane->state, run->blocks, run->count);
    }
}

#if defined(__x86_64__)
// Works on two messages till one of them ends.
static void advance_two(csha1_lane *first, csha1_lane *second) {
    for (csha1_run *a, *b; (a = next_run(first)) != NULL && (b = next_run(second)) != NULL;) {
        const size_t count = a->count < b->count ? a->count : b->count;
        compress_two_sha_instructions(first->state, a->blocks, second->state, b->blocks, count);
        advance(a, count);
        advance(b, count);
    }
}

// States of many messages, each in a column.
typedef struct {
    uint32_t words[5][LANES];
} csha1_columns;

static void put_states(csha1_columns *columns, const csha1_lane *lanes, size_t count) {
    for (size_t lane = 0; lane < count; lane++)
        for (int i = 0; i < 5; i++) columns->words[i][lane] = lanes[lane].state[i];
}

static void take_states(csha1_lane *lanes, const csha1_columns *columns, uint32_t which) {
    for (; which != 0; which &= which - 1)
        for (int i = 0; i < 5; i++) lanes[__builtin_ctz(which)].state[i] = columns->words[i][__builtin_ctz(which)];
}

static int are_alike(const csha1_lane *lanes, size_t count) {
    for (size_t lane = 1; lane < count; lane++)
        for (int run = 0; run < 3; run++)
            if (lanes[lane].runs[run].count != lanes[0].runs[run].count) return 0;
    return 1;
}

// Works on messages of one length till their end.
static void advance_alike(csha1_lane *lanes, size_t count, csha1_compress_many compress) {
    csha1_columns columns = {{{0}}};
    put_states(&columns, lanes, count);
    for (int run = 0; run < 3; run++) {
        const uint8_t *blocks[LANES];
        // What is worked out where there is no message goes nowhere.
        for (size_t lane = 0; lane < LANES; lane++) blocks[lane] = lanes[lane < count ? lane : 0].runs[run].blocks;
        compress(columns.words, blocks, lanes[0].runs[run].count);
    }
    take_states(lanes, &columns, (1u << count) - 1);
    for (size_t lane = 0; lane < count; lane++) lanes[lane].run = 3;
}

// Works on messages of any lengths till too few are left to be worth it.
static void advance_many(csha1_lane *lanes, size_t count, csha1_compress_many compress, int least) {
    csha1_columns columns = {{{0}}};
    uint32_t active = (1u << count) - 1;
    put_states(&columns, lanes, count);
    while (__builtin_popcount(active) >= least) {
        csha1_run *runs[LANES];
        size_t steps = SIZE_MAX;
        uint32_t ended = 0;
        for (uint32_t rest = active; rest != 0; rest &= rest - 1) {
            const int lane = __builtin_ctz(rest);
            runs[lane] = next_run(&lanes[lane]);
            if (runs[lane] == NULL) ended |= 1u << lane;
            else if (runs[lane]->count < steps) steps = runs[lane]->count;
        }
        take_states(lanes, &columns, ended);
        active &= ~ended;
        if (active == 0) break;
        const uint8_t *blocks[LANES];
        for (int lane = 0; lane < LANES; lane++)
            blocks[lane] = runs[active >> lane & 1 ? lane : __builtin_ctz(active)]->blocks;
        compress(columns.words, blocks, steps);
        for (uint32_t rest = active; rest != 0; rest &= rest - 1) advance(runs[__builtin_ctz(rest)], steps);
    }
    take_states(lanes, &columns, active);
}

// Works on up to as many messages as there are lanes.
static void advance_lanes(csha1_lane *lanes, size_t count, csha1_compress_many compress, unsigned extensions) {
    const int least = extensions & CSHA1_SHA ? LEAST_BESIDE_SHA : LEAST_BESIDE_LIBCRYPTO;
    if ((int)count < least) return;
    if (are_alike(lanes, count)) advance_alike(lanes, count, compress);
    else advance_many(lanes, count, compress, least);
}

static void advance_all(csha1_lane *lanes, size_t count, unsigned extensions) {
    if (extensions & CSHA1_AVX512) {
        advance_lanes(lanes, count, compress_sixteen, extensions);
    } else if (extensions & CSHA1_AVX2) {
        for (size_t i = 0; i < count; i += 8)
            advance_lanes(&lanes[i], count - i < 8 ? count - i : 8, compress_eight, extensions);
    }
    for (size_t i = 0; extensions & CSHA1_SHA && i + 1 < count; i += 2) advance_two(&lanes[i], &lanes[i + 1]);
}
#endif

static void digest_up_to_sixteen(unsigned extensions, csha1_message *messages, size_t count) {
    csha1_lane lanes[LANES];
    for (size_t i = 0; i < count; i++) begin(&lanes[i], &messages[i]);
#if defined(__x86_64__)
    advance_all(lanes, count, extensions);
#endif
    for (size_t i = 0; i < count; i++) {
        finish(&lanes[i], extensions);
        for (int j = 0; j < 5; j++) {
            const uint32_t word = __builtin_bswap32(lanes[i].state[j]);
            memcpy(messages[i].digest + 4 * j, &word, sizeof word);
        }
    }
}

void csha1_digest_with(unsigned extensions, csha1_message *messages, size_t count) {
    while (count > 0) {
        const size_t taken = count < LANES ? count : LANES;
        digest_up_to_sixteen(extensions, messages, taken);
        messages += taken;
        count -= taken;
    }
}

static int64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

// What full lanes of the longest datagrams take.
static int64_t cost(unsigned extensions) {
    static const uint8_t body[1344];
    csha1_message messages[LANES];
    for (int i = 0; i < LANES; i++) messages[i] = (csha1_message){.body = body, .body_count = sizeof body};
    const int64_t began = nanoseconds();
    csha1_digest_with(extensions, messages, LANES);
    return nanoseconds() - began;
}

unsigned csha1_fastest_extensions(void) {
    enum { WIDTHS = 3, TRIALS = 8 };
    static const unsigned widths[WIDTHS] = {0, CSHA1_AVX2, CSHA1_AVX512};
    const unsigned available = csha1_extensions(), sha = available & CSHA1_SHA;
    int64_t least[WIDTHS] = {INT64_MAX, INT64_MAX, INT64_MAX};
    for (int i = 0; i < TRIALS; i++) {
        for (int width = 0; width < WIDTHS; width++) {
            if (widths[width] & ~available) continue;
            const int64_t taken = cost(widths[width] | sha);
            if (taken < least[width]) least[width] = taken;
        }
    }
    // Wide registers slow down, for the moment, with what the other thread of the core does; where they are worked on in halves, all
    // takes twice as long.
    int fastest = 0;
    for (int width = 1; width < WIDTHS; width++)
        if (least[width] < least[fastest] + least[fastest] / 2) fastest = width;
    return widths[fastest] | sha;
}

void csha1_digest(csha1_message *messages, size_t count) {
    static unsigned chosen = UINT_MAX;
    unsigned extensions = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (extensions == UINT_MAX) {
        extensions = csha1_fastest_extensions();
        __atomic_store_n(&chosen, extensions, __ATOMIC_RELAXED);
    }
    csha1_digest_with(extensions, messages, count);
}

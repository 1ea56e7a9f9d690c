/* Bits of headers: reading, writing, and the bytes that H.264 and HEVC put in to prevent start codes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct Bits {
    const uint8_t *bytes;
    size_t size, position; /* bytes, bits; behind the end everything is 0 */
};

unsigned bit(struct Bits *bits);
unsigned number(struct Bits *bits, int count);

/* Exp-Golomb codes (H.264 clause 9.1), without a sign and with one. */
unsigned golomb(struct Bits *bits);
int signed_golomb(struct Bits *bits);
void skip_golombs(struct Bits *bits, int count);

struct BitWriter {
    uint8_t *bytes;
    size_t room, position; /* bytes, bits */
};

/* Nothing is written behind the end: position tells that it would have been. */
void put(struct BitWriter *writer, unsigned value, int count);
void put_golomb(struct BitWriter *writer, unsigned value);
void put_signed_golomb(struct BitWriter *writer, int value);
/* Copies what lies between two positions. */
void put_bits(struct BitWriter *writer, const uint8_t *bytes, size_t from, size_t to);

/* A NAL unit in a stream with start codes, from its header on. */
struct Unit {
    const uint8_t *bytes;
    size_t size;
};

/* The next unit behind `after` (NULL: the first); 0 when there is none. */
int next_unit(const uint8_t *stream, size_t size, const struct Unit *after, struct Unit *unit);

/* Takes the emulation prevention out; answers the number of bytes. `to` has room for all of them. */
size_t unescape(const struct Unit *unit, uint8_t *to);
/* Puts it in, behind a start code; `to` has room for half as much again and 4 bytes. */
size_t escape(const uint8_t *bytes, size_t size, uint8_t *to);

#include "bits.h"

unsigned bit(struct Bits *bits)
{
    size_t byte = bits->position / 8;
    unsigned value = byte < bits->size ? bits->bytes[byte] >> (7 - bits->position % 8) & 1 : 0;
    bits->position++;
    return value;
}

unsigned number(struct Bits *bits, int count)
{
    unsigned value = 0;
    while (count-- > 0)
        value = value << 1 | bit(bits);
    return value;
}

unsigned golomb(struct Bits *bits)
{
    int zeros = 0;
    while (zeros < 31 && bits->position < bits->size * 8 && !bit(bits))
        zeros++;
    return (1u << zeros) - 1 + number(bits, zeros);
}

int signed_golomb(struct Bits *bits)
{
    unsigned code = golomb(bits);
    return code & 1 ? (int)(code / 2 + 1) : -(int)(code / 2);
}

void skip_golombs(struct Bits *bits, int count)
{
    while (count-- > 0)
        golomb(bits);
}

void put(struct BitWriter *writer, unsigned value, int count)
{
    while (count-- > 0) {
        size_t byte = writer->position / 8;
        if (byte < writer->room) {
            if (writer->position % 8 == 0)
                writer->bytes[byte] = 0;
            writer->bytes[byte] |= (uint8_t)((value >> count & 1) << (7 - writer->position % 8));
        }
        writer->position++;
    }
}

void put_golomb(struct BitWriter *writer, unsigned value)
{
    int length = 0;
    while ((value + 1) >> (length + 1))
        length++;
    put(writer, 0, length);
    put(writer, value + 1, length + 1);
}

void put_signed_golomb(struct BitWriter *writer, int value)
{
    put_golomb(writer, value > 0 ? 2 * (unsigned)value - 1 : 2 * (unsigned)-value);
}

void put_bits(struct BitWriter *writer, const uint8_t *bytes, size_t from, size_t to)
{
    struct Bits bits = { bytes, (to + 7) / 8, from };
    while (bits.position < to)
        put(writer, bit(&bits), 1);
}

int next_unit(const uint8_t *stream, size_t size, const struct Unit *after, struct Unit *unit)
{
    size_t at = after ? (size_t)(after->bytes - stream) + after->size : 0;
    while (at + 3 < size && (stream[at] || stream[at + 1] || stream[at + 2] != 1))
        at++;
    if (at + 3 >= size)
        return 0;
    size_t start = at + 3, end = start;
    while (end < size && (end + 2 >= size || stream[end] || stream[end + 1] || stream[end + 2] > 1))
        end++;
    *unit = (struct Unit){ stream + start, end - start };
    return 1;
}

size_t unescape(const struct Unit *unit, uint8_t *to)
{
    size_t written = 0;
    int zeros = 0;
    for (size_t i = 0; i < unit->size; i++) {
        if (zeros >= 2 && unit->bytes[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = unit->bytes[i] ? 0 : zeros + 1;
        to[written++] = unit->bytes[i];
    }
    return written;
}

size_t escape(const uint8_t *bytes, size_t size, uint8_t *to)
{
    size_t written = 0;
    int zeros = 0;
    to[written++] = 0;
    to[written++] = 0;
    to[written++] = 0;
    to[written++] = 1;
    for (size_t i = 0; i < size; i++) {
        if (zeros >= 2 && bytes[i] <= 3) {
            to[written++] = 3;
            zeros = 0;
        }
        zeros = bytes[i] ? 0 : zeros + 1;
        to[written++] = bytes[i];
    }
    return written;
}

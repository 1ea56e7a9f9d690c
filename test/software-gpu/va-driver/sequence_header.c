#include "sequence_header.h"

#include <string.h>

/* Longest sequence header that is read. */
#define LONGEST 512

struct Bits {
    uint8_t bytes[LONGEST];
    size_t size, position; /* bytes, bits */
};

static unsigned bit(struct Bits *bits)
{
    size_t byte = bits->position / 8;
    unsigned value = byte < bits->size ? bits->bytes[byte] >> (7 - bits->position % 8) & 1 : 0;
    bits->position++;
    return value;
}

static unsigned number(struct Bits *bits, int count)
{
    unsigned value = 0;
    while (count-- > 0)
        value = value << 1 | bit(bits);
    return value;
}

/* Exp-Golomb code (H.264 clause 9.1). */
static unsigned golomb(struct Bits *bits)
{
    int zeros = 0;
    while (zeros < 31 && bits->position < bits->size * 8 && !bit(bits))
        zeros++;
    return (1u << zeros) - 1 + number(bits, zeros);
}

static void skip_golombs(struct Bits *bits, int count)
{
    while (count-- > 0)
        golomb(bits);
}

/* Finds a NAL unit by its type and takes out the emulation prevention; 0 when there is none. */
static int find_unit(struct Bits *bits, const uint8_t *bytes, size_t size, unsigned type, int hevc)
{
    for (size_t i = 0; i + 4 < size; i++) {
        if (bytes[i] || bytes[i + 1] || bytes[i + 2] != 1)
            continue;
        unsigned found = hevc ? bytes[i + 3] >> 1 & 0x3f : bytes[i + 3] & 0x1f;
        if (found != type)
            continue;
        int zeros = 0;
        for (size_t at = i + 3 + (hevc ? 2 : 1); at < size && bits->size < LONGEST; at++) {
            if (zeros >= 2 && bytes[at] == 1)
                break;
            if (zeros < 2 || bytes[at] != 3)
                bits->bytes[bits->size++] = bytes[at];
            zeros = bytes[at] ? 0 : zeros + 1;
        }
        return 1;
    }
    return 0;
}

static void read_description(struct Bits *bits, struct Colours *colours)
{
    colours->primaries = (int)number(bits, 8);
    colours->transfer = (int)number(bits, 8);
    colours->matrix = (int)number(bits, 8);
}

/* The beginning of the video usability information, which H.264 (annex E) and HEVC (annex E) share. */
static void read_usability(struct Bits *bits, struct Colours *colours)
{
    if (!bit(bits))
        return;
    if (bit(bits) && number(bits, 8) == 255) /* aspect ratio */
        number(bits, 32);
    if (bit(bits)) /* overscan */
        bit(bits);
    if (!bit(bits))
        return;
    number(bits, 3);
    colours->full_range = (int)bit(bits);
    if (bit(bits))
        read_description(bits, colours);
}

/* H.264 clause 7.3.2.1.1, as far as FFmpeg's parameter sets of encoders go: no scaling lists, frames only. */
static void read_h264(struct Bits *bits, struct Colours *colours)
{
    unsigned profile = number(bits, 8);
    number(bits, 16);
    golomb(bits);
    if (profile >= 100) {
        skip_golombs(bits, 3);
        number(bits, 2);
    }
    golomb(bits);
    if (golomb(bits) == 0) /* type of the picture order count */
        golomb(bits);
    golomb(bits);
    bit(bits);
    skip_golombs(bits, 2);
    number(bits, 2);
    if (bit(bits)) /* cropping */
        skip_golombs(bits, 4);
    read_usability(bits, colours);
}

/* HEVC clause 7.3.2.2.1, as above: one layer, no scaling lists, no PCM, no reference picture sets. */
static void read_hevc(struct Bits *bits, struct Colours *colours)
{
    number(bits, 8);
    bits->position += 96; /* profile, tier and level */
    skip_golombs(bits, 4);
    if (bit(bits)) /* conformance window */
        skip_golombs(bits, 4);
    skip_golombs(bits, 3);
    bit(bits);
    skip_golombs(bits, 3 + 6);
    number(bits, 4); /* scaling lists, asymmetric partitions, sample adaptive offset, PCM */
    golomb(bits);
    number(bits, 3); /* long-term references, temporal prediction, intra smoothing */
    read_usability(bits, colours);
}

/* AV1 clause 5.5, as above: one operating point, no timing, no frame numbers, screen content left to the frames. */
static void read_av1(struct Bits *bits, struct Colours *colours)
{
    number(bits, 8);
    while (number(bits, 8) & 0x80) /* size of the unit */
        continue;
    number(bits, 3 + 1 + 1 + 1 + 1 + 5 + 12);
    if (number(bits, 5) > 7) /* level */
        bit(bits);
    int width = (int)number(bits, 4) + 1, height = (int)number(bits, 4) + 1;
    number(bits, width);
    number(bits, height);
    number(bits, 1 + 3 + 4);
    int order_hint = (int)bit(bits);
    if (order_hint)
        number(bits, 2);
    unsigned screen_content = bit(bits) ? 2 : bit(bits);
    if (screen_content && !bit(bits))
        bit(bits);
    if (order_hint)
        number(bits, 3);
    number(bits, 3 + 2); /* super resolution, CDEF, restoration; bit depth, monochrome */
    if (bit(bits))
        read_description(bits, colours);
    colours->full_range = (int)bit(bits);
}

void read_colours(const char *codec, const uint8_t *bytes, size_t size, struct Colours *colours)
{
    struct Bits bits = { .size = 0 };
    if (!strcmp(codec, "h264")) {
        if (find_unit(&bits, bytes, size, 7, 0))
            read_h264(&bits, colours);
    } else if (!strcmp(codec, "hevc")) {
        if (find_unit(&bits, bytes, size, 33, 1))
            read_hevc(&bits, colours);
    } else if (!strcmp(codec, "av1")) {
        bits.size = size < LONGEST ? size : LONGEST;
        memcpy(bits.bytes, bytes, bits.size);
        read_av1(&bits, colours);
    }
}

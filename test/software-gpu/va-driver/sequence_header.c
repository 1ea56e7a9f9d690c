#include "sequence_header.h"

#include <string.h>

#include "bits.h"

/* Longest sequence header that is read. */
#define LONGEST 1024

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

/* Finds a NAL unit by its type and takes the emulation prevention out; its size is 0 when there is none. */
static struct Bits find_unit(const uint8_t *bytes, size_t size, unsigned type, int hevc, uint8_t *to)
{
    struct Unit unit, *last = NULL;
    while (next_unit(bytes, size, last, &unit)) {
        last = &unit;
        unsigned found = hevc ? unit.bytes[0] >> 1 & 0x3f : unit.bytes[0] & 0x1f;
        if (found == type)
            return (struct Bits){ to, unescape(&unit, to), hevc ? 16 : 8 };
    }
    return (struct Bits){ to, 0, 0 };
}

void read_colours(const char *codec, const uint8_t *bytes, size_t size, struct Colours *colours)
{
    uint8_t memory[LONGEST];
    if (size > LONGEST)
        return;
    if (!strcmp(codec, "h264")) {
        struct Bits bits = find_unit(bytes, size, 7, 0, memory);
        if (bits.size)
            read_h264(&bits, colours);
    } else if (!strcmp(codec, "hevc")) {
        struct Bits bits = find_unit(bytes, size, 33, 1, memory);
        if (bits.size)
            read_hevc(&bits, colours);
    } else if (!strcmp(codec, "av1")) {
        struct Bits bits = { bytes, size, 0 };
        read_av1(&bits, colours);
    }
}

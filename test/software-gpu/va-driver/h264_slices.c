#include "h264_slices.h"

#include <stdlib.h>
#include <string.h>

#include "bits.h"

enum { UNIT_SLICE = 1, UNIT_KEY_SLICE = 5, UNIT_SEQUENCE = 7, UNIT_PICTURE = 8 };

/* Clause 7.3.2.1.1, for pictures of 4:2:0 without scaling lists. */
static int read_sequence(struct Bits *bits, struct SliceSets *sets)
{
    unsigned profile = number(bits, 8);
    number(bits, 16);
    golomb(bits);
    if (profile >= 100) {
        skip_golombs(bits, 3);
        if (number(bits, 2))
            return 0;
    }
    sets->frame_number_bits = (int)golomb(bits) + 4;
    sets->order_type = (int)golomb(bits);
    if (sets->order_type == 0)
        sets->order_bits = (int)golomb(bits) + 4;
    if (sets->order_type == 1)
        return 0;
    golomb(bits);
    bit(bits);
    skip_golombs(bits, 2);
    return (int)bit(bits); /* frames only */
}

/* Clause 7.3.2.2, with one slice group. */
static int read_picture_set(struct Bits *bits, struct SliceSets *sets)
{
    skip_golombs(bits, 2);
    sets->cabac = (int)bit(bits);
    sets->order_of_fields = (int)bit(bits);
    if (golomb(bits))
        return 0;
    sets->references = (int)golomb(bits) + 1;
    golomb(bits);
    sets->weighted = (int)bit(bits);
    number(bits, 2);
    sets->initial_quantizer = 26 + signed_golomb(bits);
    signed_golomb(bits);
    sets->chroma_offset = signed_golomb(bits);
    sets->deblocking = (int)bit(bits);
    bit(bits);
    sets->redundant = (int)bit(bits);
    /* There is more only where the last 1 of the unit is not the next. */
    struct Bits rest = *bits;
    size_t ones = 0;
    while (rest.position < rest.size * 8)
        ones += bit(&rest);
    sets->wide = ones > 1 ? (int)bit(bits) : 0;
    return 1;
}

/* Reads the parameter sets in a stream; 0 when there are none, or some that are not provided for. */
static int read_sets(const uint8_t *stream, size_t size, struct SliceSets *sets)
{
    uint8_t *bytes = malloc(size + 1);
    struct Unit unit, *last = NULL;
    int found = 0, read = bytes != NULL;
    while (read && next_unit(stream, size, last, &unit)) {
        last = &unit;
        struct Bits bits = { bytes, unescape(&unit, bytes), 8 };
        int type = unit.bytes[0] & 0x1f;
        if (type == UNIT_SEQUENCE)
            read = read_sequence(&bits, sets);
        else if (type == UNIT_PICTURE)
            read = read_picture_set(&bits, sets);
        found += type == UNIT_SEQUENCE || type == UNIT_PICTURE;
    }
    free(bytes);
    return read && found >= 2;
}

struct Slice {
    int intra;
    size_t tail; /* where what depends on the encoding begins */
    unsigned cabac_table;
    int quantizer;
    size_t data; /* where the macroblocks begin, before alignment */
};

/* Clause 7.3.3.3. */
static void skip_marking(struct Bits *bits, int key)
{
    if (key) {
        number(bits, 2);
        return;
    }
    if (!bit(bits))
        return;
    for (unsigned operation = golomb(bits); operation && bits->position < bits->size * 8; operation = golomb(bits))
        skip_golombs(bits, operation == 3 ? 2 : operation == 5 ? 0 : 1);
}

/* Clause 7.3.3.1. */
static void skip_modification(struct Bits *bits)
{
    if (!bit(bits))
        return;
    while (bits->position < bits->size * 8 && golomb(bits) != 3)
        golomb(bits);
}

/* Clause 7.3.3, for I and P slices of whole frames. */
static int read_slice(struct Bits *bits, const struct SliceSets *sets, struct Slice *slice)
{
    unsigned header = number(bits, 8);
    int key = (header & 0x1f) == UNIT_KEY_SLICE;
    if (golomb(bits)) /* the first macroblock: one slice is the whole picture */
        return 0;
    unsigned type = golomb(bits) % 5;
    if (type != 0 && type != 2)
        return 0;
    slice->intra = type == 2;
    golomb(bits);
    number(bits, sets->frame_number_bits);
    if (key)
        golomb(bits);
    if (sets->order_type == 0) {
        number(bits, sets->order_bits);
        if (sets->order_of_fields)
            signed_golomb(bits);
    }
    if (sets->redundant)
        golomb(bits);
    if (!slice->intra) {
        int references = bit(bits) ? (int)golomb(bits) + 1 : sets->references;
        if (references != 1 || sets->weighted)
            return 0;
        skip_modification(bits);
    }
    if (header >> 5 & 3)
        skip_marking(bits, key);
    slice->tail = bits->position;
    slice->cabac_table = sets->cabac && !slice->intra ? golomb(bits) : 0;
    slice->quantizer = sets->initial_quantizer + signed_golomb(bits);
    if (sets->deblocking && golomb(bits) != 1) {
        /* Without a word about it in the header, deblocking is as strong as it is here. */
        if (signed_golomb(bits) || signed_golomb(bits))
            return 0;
    }
    slice->data = bits->position;
    return 1;
}

/* Everything of a slice behind its header. With CABAC it begins at a byte, behind ones. */
static void put_data(struct BitWriter *writer, const struct Bits *bits, const struct Slice *slice, int cabac)
{
    if (cabac) {
        while (writer->position % 8)
            put(writer, 1, 1);
        size_t first = (slice->data + 7) / 8;
        put_bits(writer, bits->bytes, first * 8, bits->size * 8);
        return;
    }
    size_t end = bits->size * 8;
    while (end > slice->data && !(bits->bytes[(end - 1) / 8] >> (7 - (end - 1) % 8) & 1))
        end--;
    put_bits(writer, bits->bytes, slice->data, end);
    while (writer->position % 8)
        put(writer, 0, 1);
}

static size_t put_slice(const struct SliceSets *wanted, const struct Bits *header, const struct SliceSets *own,
                        const struct Bits *coded, uint8_t *to, uint8_t *scratch, size_t room)
{
    struct Slice packed, encoded;
    struct Bits from = *header, data = *coded;
    if (!read_slice(&from, wanted, &packed) || !read_slice(&data, own, &encoded) || packed.intra != encoded.intra)
        return 0;
    struct BitWriter writer = { scratch, room, 0 };
    put_bits(&writer, header->bytes, 0, packed.tail);
    if (wanted->cabac && !packed.intra)
        put_golomb(&writer, encoded.cabac_table);
    put_signed_golomb(&writer, encoded.quantizer - wanted->initial_quantizer);
    if (wanted->deblocking)
        put(&writer, 7, 3); /* as usual: three Exp-Golomb zeros */
    put_data(&writer, coded, &encoded, wanted->cabac);
    return writer.position <= room * 8 ? escape(scratch, writer.position / 8, to) : 0;
}

/* Whether macroblocks that were written for some parameter sets mean the same under others. */
static int are_alike(const struct SliceSets *a, const struct SliceSets *b)
{
    return a->cabac == b->cabac && a->wide == b->wide && a->chroma_offset == b->chroma_offset;
}

/* The slice in a stream, without emulation prevention; its size is 0 when there is none. */
static struct Bits find_slice(const uint8_t *stream, size_t size, uint8_t *to)
{
    struct Unit unit, *last = NULL;
    while (next_unit(stream, size, last, &unit)) {
        last = &unit;
        int type = unit.bytes[0] & 0x1f;
        if (type == UNIT_SLICE || type == UNIT_KEY_SLICE)
            return (struct Bits){ to, unescape(&unit, to), 0 };
    }
    return (struct Bits){ to, 0, 0 };
}

size_t put_under_headers(struct SliceWriter *writer, const struct PackedHeaders *headers, const uint8_t *coded,
                         size_t size, uint8_t **result)
{
    size_t room = headers->slice_size + size + 64, front = headers->sets_size + headers->messages_size, written = 0;
    uint8_t *memory = malloc(3 * room), *output = malloc(front + 2 * room);
    if (headers->sets_size && (!read_sets(headers->sets, headers->sets_size, &writer->packed) ||
                               !read_sets(coded, size, &writer->own)))
        room = 0;
    if (memory && output && room && are_alike(&writer->packed, &writer->own)) {
        struct Bits header = find_slice(headers->slice, headers->slice_size, memory);
        struct Bits data = find_slice(coded, size, memory + room);
        written = put_slice(&writer->packed, &header, &writer->own, &data, output + front, memory + 2 * room, room);
    }
    if (written) {
        memcpy(output, headers->sets, headers->sets_size);
        memcpy(output + headers->sets_size, headers->messages, headers->messages_size);
        *result = output;
    } else {
        free(output);
    }
    free(memory);
    return written ? front + written : 0;
}

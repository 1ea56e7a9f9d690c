#include "hevc_slices.h"

#include <stdlib.h>
#include <string.h>

#include "bits.h"

enum {
    UNIT_FIRST_KEY = 16,
    UNIT_IDR = 19,
    UNIT_IDR_ALONE = 20,
    UNIT_LAST_KEY = 23,
    UNIT_FIRST_SET = 32,
    UNIT_SEQUENCE = 33,
    UNIT_PICTURE = 34
};

/* Clause 7.3.2.2.1, for one layer, without scaling lists and PCM. */
static int read_sequence(struct Bits *bits, struct HevcSets *sets)
{
    number(bits, 8);
    bits->position += 96; /* profile, tier and level */
    skip_golombs(bits, 2);
    sets->picture.width = golomb(bits);
    sets->picture.height = golomb(bits);
    if (bit(bits)) /* conformance window */
        skip_golombs(bits, 4);
    sets->picture.depth = golomb(bits);
    golomb(bits);
    sets->order_bits = (int)golomb(bits) + 4;
    bit(bits);
    skip_golombs(bits, 3);
    for (int i = 0; i < 6; i++)
        sets->picture.blocks[i] = golomb(bits);
    if (bit(bits)) /* scaling lists */
        return 0;
    sets->picture.tools = bit(bits); /* asymmetric partitions */
    sets->adaptive_offset = (int)bit(bits);
    if (bit(bits)) /* PCM */
        return 0;
    sets->reference_sets = (int)golomb(bits);
    if (sets->reference_sets || bit(bits)) /* long-term references */
        return 0;
    sets->temporal = (int)bit(bits);
    sets->picture.tools = sets->picture.tools << 1 | bit(bits); /* strong intra smoothing */
    return 1;
}

/* Clause 7.3.2.3.1, without tiles and lists. */
static int read_picture_set(struct Bits *bits, struct HevcSets *sets)
{
    skip_golombs(bits, 2);
    if (bit(bits)) /* dependent slices */
        return 0;
    sets->output_flag = (int)bit(bits);
    sets->extra_bits = (int)number(bits, 3);
    sets->coding.tools = bit(bits); /* sign hiding */
    sets->cabac_choice = (int)bit(bits);
    sets->references = (int)golomb(bits) + 1;
    golomb(bits);
    sets->initial_quantizer = 26 + signed_golomb(bits);
    sets->coding.tools = sets->coding.tools << 2 | number(bits, 2); /* constrained intra prediction, transform skip */
    unsigned quantizers = bit(bits);
    sets->coding.quantizer_depth = quantizers ? 1 + golomb(bits) : 0;
    sets->coding.chroma[0] = golomb(bits);
    sets->coding.chroma[1] = golomb(bits);
    sets->slice_chroma = (int)bit(bits);
    if (number(bits, 2)) /* weighted prediction */
        return 0;
    sets->coding.tools = sets->coding.tools << 1 | bit(bits); /* lossless blocks */
    if (number(bits, 2)) /* tiles, rows in parallel */
        return 0;
    sets->across_slices = (int)bit(bits);
    sets->deblocking_control = (int)bit(bits);
    if (sets->deblocking_control) {
        sets->deblocking_override = (int)bit(bits);
        if (bit(bits) || signed_golomb(bits) || signed_golomb(bits)) /* off, or of another strength */
            return 0;
    }
    if (bit(bits)) /* scaling lists */
        return 0;
    sets->modification = (int)bit(bits);
    sets->coding.merge_level = golomb(bits);
    sets->extension = (int)bit(bits);
    return 1;
}

static int read_sets(const uint8_t *stream, size_t size, struct HevcSets *sets)
{
    uint8_t *bytes = malloc(size + 1);
    struct Unit unit, *last = NULL;
    int found = 0, read = bytes != NULL;
    memset(sets, 0, sizeof(*sets));
    while (read && next_unit(stream, size, last, &unit)) {
        last = &unit;
        struct Bits bits = { bytes, unescape(&unit, bytes), 16 };
        int type = unit.bytes[0] >> 1 & 0x3f;
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
    unsigned candidates;
    int quantizer;
    size_t data; /* where the blocks begin, before alignment */
};

/* Clause 7.3.7, of a set that refers to no other. */
static int skip_reference_set(struct Bits *bits)
{
    unsigned count = golomb(bits);
    count += golomb(bits);
    if (count > 16)
        return 0;
    while (count-- > 0) {
        golomb(bits);
        bit(bits);
    }
    return 1;
}

/* The part of a P slice's header before the merge candidates. */
static int skip_references(struct Bits *bits, const struct HevcSets *sets)
{
    int references = bit(bits) ? (int)golomb(bits) + 1 : sets->references;
    if (references != 1)
        return 0;
    /* One picture cannot be put into another order, and the usual table of CABAC is meant without a word. */
    return !(sets->cabac_choice && bit(bits));
}

/* Clause 7.3.6.1, for I and P slices that are whole pictures. */
static int read_slice(struct Bits *bits, const struct HevcSets *sets, struct Slice *slice)
{
    int type = (int)(number(bits, 16) >> 9) & 0x3f;
    if (!bit(bits))
        return 0;
    if (type >= UNIT_FIRST_KEY && type <= UNIT_LAST_KEY)
        bit(bits);
    golomb(bits);
    number(bits, sets->extra_bits);
    unsigned kind = golomb(bits);
    if (kind != 1 && kind != 2)
        return 0;
    slice->intra = kind == 2;
    if (sets->output_flag)
        bit(bits);
    if (type != UNIT_IDR && type != UNIT_IDR_ALONE) {
        number(bits, sets->order_bits);
        if (bit(bits) || !skip_reference_set(bits))
            return 0;
        if (sets->temporal && bit(bits))
            return 0;
    }
    if (sets->adaptive_offset && number(bits, 2))
        return 0;
    if (!slice->intra && !skip_references(bits, sets))
        return 0;
    slice->tail = bits->position;
    slice->candidates = slice->intra ? 0 : golomb(bits);
    slice->quantizer = sets->initial_quantizer + signed_golomb(bits);
    if (sets->slice_chroma && (signed_golomb(bits) || signed_golomb(bits)))
        return 0;
    if (sets->deblocking_override && bit(bits))
        return 0;
    if (sets->across_slices)
        bit(bits);
    if (sets->extension)
        return 0;
    slice->data = bits->position;
    return 1;
}

/* A slice without emulation prevention; its size is 0 when there is none. */
static struct Bits find_slice(const uint8_t *stream, size_t size, uint8_t *to)
{
    struct Unit unit, *last = NULL;
    while (next_unit(stream, size, last, &unit)) {
        last = &unit;
        if ((unit.bytes[0] >> 1 & 0x3f) < UNIT_FIRST_SET)
            return (struct Bits){ to, unescape(&unit, to), 0 };
    }
    return (struct Bits){ to, 0, 0 };
}

static size_t put_slice(const struct HevcSets *wanted, const struct Bits *header, const struct HevcSets *own,
                        const struct Bits *coded, uint8_t *to, uint8_t *scratch, size_t room)
{
    struct Slice packed, encoded;
    struct Bits from = *header, data = *coded;
    if (!read_slice(&from, wanted, &packed) || !read_slice(&data, own, &encoded) || packed.intra != encoded.intra)
        return 0;
    struct BitWriter writer = { scratch, room, 0 };
    put_bits(&writer, header->bytes, 0, packed.tail);
    if (!packed.intra)
        put_golomb(&writer, encoded.candidates);
    put_signed_golomb(&writer, encoded.quantizer - wanted->initial_quantizer);
    if (wanted->slice_chroma)
        put(&writer, 3, 2); /* two Exp-Golomb zeros */
    if (wanted->deblocking_override)
        put(&writer, 0, 1);
    if (wanted->across_slices)
        put(&writer, 1, 1);
    /* Blocks begin at a byte, behind a one and zeros. */
    put(&writer, 1, 1);
    while (writer.position % 8)
        put(&writer, 0, 1);
    put_bits(&writer, coded->bytes, (encoded.data / 8 + 1) * 8, coded->size * 8);
    return writer.position <= room * 8 ? escape(scratch, writer.position / 8, to) : 0;
}

size_t put_under_hevc_headers(struct HevcWriter *writer, const struct PackedHeaders *headers, const uint8_t *coded,
                              size_t size, uint8_t **result)
{
    struct HevcSets *packed = &writer->packed, *own = &writer->own;
    if (headers->sets_size)
        writer->fits = read_sets(headers->sets, headers->sets_size, packed) && read_sets(coded, size, own) &&
                       !memcmp(&packed->picture, &own->picture, sizeof(own->picture)) &&
                       !memcmp(&packed->coding, &own->coding, sizeof(own->coding));
    if (!writer->fits)
        return 0;
    size_t room = headers->slice_size + size + 64, front = headers->sets_size + headers->messages_size, written = 0;
    uint8_t *memory = malloc(3 * room), *output = malloc(front + 2 * room);
    if (memory && output) {
        struct Bits header = find_slice(headers->slice, headers->slice_size, memory);
        struct Bits data = find_slice(coded, size, memory + room);
        written = put_slice(packed, &header, own, &data, output + front, memory + 2 * room, room);
    }
    free(memory);
    if (!written) {
        free(output);
        return 0;
    }
    memcpy(output, headers->sets, headers->sets_size);
    memcpy(output + headers->sets_size, headers->messages, headers->messages_size);
    *result = output;
    return front + written;
}

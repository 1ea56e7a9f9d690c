#include "parameter_sets.h"

#include <stdlib.h>
#include <string.h>

static int append(struct Bytes *bytes, const void *data, size_t size)
{
    uint8_t *grown = realloc(bytes->data, bytes->size + size + 1);
    if (!grown)
        return 0;
    memcpy(grown + bytes->size, data, size);
    bytes->data = grown;
    bytes->size += size;
    return 1;
}

/* The set that a NAL unit belongs to: ITU-T H.264 table 7-1, H.265 table 7-1. */
static struct Bytes *set_of(struct ParameterSets *sets, uint8_t header, int hevc)
{
    switch (hevc ? header >> 1 & 63 : header & 31) {
    case 7: return hevc ? NULL : &sets->sps;
    case 8: return hevc ? NULL : &sets->pps;
    case 32: return &sets->vps;
    case 33: return &sets->sps;
    case 34: return &sets->pps;
    default: return NULL;
    }
}

static const uint8_t *find_start_code(const uint8_t *from, const uint8_t *end)
{
    for (; from + 3 <= end; from++)
        if (!from[0] && !from[1] && from[2] == 1)
            return from;
    return end;
}

int split_parameter_sets(struct ParameterSets *sets, const uint8_t *extradata, int size, int hevc)
{
    const uint8_t *end = extradata + size;
    const uint8_t *start = find_start_code(extradata, end);
    while (start < end) {
        const uint8_t *unit = start + 3;
        const uint8_t *next = find_start_code(unit, end);
        const uint8_t *last = next;
        /* The zero byte of a long start code belongs to the next unit. */
        while (last > unit && !last[-1])
            last--;
        struct Bytes *set = last > unit ? set_of(sets, unit[0], hevc) : NULL;
        if (set && (!append(set, "\0\0\0\1", 4) || !append(set, unit, (size_t)(last - unit))))
            return 0;
        start = next;
    }
    return sets->sps.size && sets->pps.size && append(&sets->all, sets->vps.data, sets->vps.size) &&
           append(&sets->all, sets->sps.data, sets->sps.size) && append(&sets->all, sets->pps.data, sets->pps.size);
}

void free_parameter_sets(struct ParameterSets *sets)
{
    free(sets->vps.data);
    free(sets->sps.data);
    free(sets->pps.data);
    free(sets->all.data);
    memset(sets, 0, sizeof(*sets));
}

/* VPS, SPS and PPS of an H.264 or HEVC stream, which VPL hands out one by one. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct Bytes {
    uint8_t *data;
    size_t size;
};

struct ParameterSets {
    struct Bytes vps, sps, pps; /* each in Annex B form */
    struct Bytes all;           /* the three one after the other, as they stand before a key frame */
};

/* Takes an encoder's extradata (Annex B) apart. Answers 0 when it has no SPS or PPS, or when memory runs out. */
int split_parameter_sets(struct ParameterSets *sets, const uint8_t *extradata, int size, int hevc);
void free_parameter_sets(struct ParameterSets *sets);

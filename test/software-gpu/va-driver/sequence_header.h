/* What a sequence header says of the picture: FFmpeg packs it for the driver, and VA has no other place for it. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* As ITU-T H.273 numbers them: 2 is unspecified. */
struct Colours {
    int full_range, primaries, transfer, matrix;
};

/* Reads the colours of an H.264, HEVC or AV1 sequence header; they stay as they are where it says nothing. */
void read_colours(const char *codec, const uint8_t *bytes, size_t size, struct Colours *colours);

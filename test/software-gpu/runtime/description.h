/* What the runtime tells the VPL dispatcher and applications of itself. */
#pragma once
#include <vpl/mfx.h>

/* PCI device that the stand-in says it is: an Arc of the DG2 family. */
#define PRETENDED_VENDOR 0x8086
#define PRETENDED_DEVICE 0x56a0

/* Short name of a codec as FFmpeg has it; NULL for one that the stand-in does not know. */
const char *codec_name(mfxU32 codec);

/* Printable name of a format, in lower case: nv12, p010, rgb4. */
const char *format_name(mfxU32 fourcc);

/* The extension buffer of a kind that is attached to parameters; NULL when there is none. */
void *extension_of(const mfxVideoParam *parameters, mfxU32 kind);

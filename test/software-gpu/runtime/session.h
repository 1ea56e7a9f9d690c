/* One session of the runtime: what MFXInitialize makes and every other call is given. */
#pragma once
#include <stdint.h>
#include <vpl/mfx.h>

struct Encoder;
struct Decoder;
struct Processor;

struct Session {
    mfxHDL display; /* VADisplay; set by the application */
    mfxFrameAllocator allocator;
    int has_allocator;
    mfxConfigInterface config;
    /* One of each at most, as in VPL: a second one needs a second session. */
    struct Encoder *encoder;
    struct Decoder *decoder;
    struct Processor *processor;
};

#define EXPORT __attribute__((visibility("default")))

static inline struct Session *session_of(mfxSession handle)
{
    return (struct Session *)handle;
}

void free_encoder(struct Session *session);
void free_decoder(struct Session *session);
void free_processor(struct Session *session);

/* The encoder of a session: VPL's parameters in front, a software encoder of libavcodec behind. */
#pragma once
#include <stdint.h>
#include <vpl/mfx.h>

#include "parameter_sets.h"
#include "private_codecs.h"
#include "session.h"
#include "surface.h"

struct Encoder {
    mfxVideoParam parameters; /* as corrected and completed at Init; without extension buffers */
    mfxExtCodingOption option;
    mfxExtCodingOption2 option2;
    mfxExtCodingOption3 option3;
    mfxExtHEVCTiles hevc_tiles;
    mfxExtAV1TileParam av1_tiles;
    mfxExtAV1BitstreamParam av1_bitstream;

    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    int packet_waits; /* the application's buffer was too small for it */
    int draining;
    struct Converter converter;
    struct ParameterSets headers;

    long frames, packets;
    int64_t bytes;
    int last_qp;
};

/*
 * What a real runtime's Query does: clears each field that it refuses and answers MFX_ERR_UNSUPPORTED, or corrects
 * fields and answers MFX_WRN_INCOMPATIBLE_VIDEO_PARAM.
 */
mfxStatus check_encode_parameters(mfxVideoParam *parameters);

/* Kilobits per second of VPL's 16-bit field and its multiplier. */
int64_t kilobits(const mfxInfoMFX *mfx, mfxU16 value);

/*
 * Opens the software encoder for encoder->parameters and fills in what the application left to the runtime.
 * `signal` may be NULL.
 */
mfxStatus open_software_encoder(struct Encoder *encoder, const mfxExtVideoSignalInfo *signal);

/* Writes what reached the runtime at Init into the trace. */
void trace_encoder(const mfxVideoParam *asked, const struct Encoder *encoder);

/*
 * The trace line of a video processor's Init: both pictures, and which operations are asked for. FFmpeg always sends its
 * scaling mode and colours, so that those are no operations.
 */
#include <stdio.h>

#include "description.h"
#include "processor.h"
#include "../shared/trace.h"

static const struct {
    mfxU32 kind;
    const char *operation;
} kinds[] = {
    { MFX_EXTBUFF_VPP_DENOISE, "denoise" },
    { MFX_EXTBUFF_VPP_DENOISE2, "denoise" },
    { MFX_EXTBUFF_VPP_DETAIL, "detail" },
    { MFX_EXTBUFF_VPP_PROCAMP, "procamp" },
    { MFX_EXTBUFF_VPP_DEINTERLACING, "deinterlace" },
    { MFX_EXTBUFF_VPP_3DLUT, "tone-map" },
    { MFX_EXTBUFF_MASTERING_DISPLAY_COLOUR_VOLUME_IN, "tone-map" },
    { MFX_EXTBUFF_CONTENT_LIGHT_LEVEL_INFO, "tone-map" },
};

/* `signal` may be NULL: the colours are then those of the other side. Numbers as in ITU-T H.273. */
static void trace_picture(struct TraceLine *line, const char *key, const mfxFrameInfo *info, int on_device,
                          const mfxExtVideoSignalInfo *signal)
{
    char rate[32];
    snprintf(rate, sizeof(rate), "%u/%u", info->FrameRateExtN, info->FrameRateExtD);
    trace_open(line, key, '{');
    trace_text(line, "memory", on_device ? "video" : "system");
    trace_text(line, "format", format_name(info->FourCC));
    trace_number(line, "width", info->CropW ? info->CropW : info->Width);
    trace_number(line, "height", info->CropH ? info->CropH : info->Height);
    trace_number(line, "left", info->CropX);
    trace_number(line, "top", info->CropY);
    trace_text(line, "frameRate", rate);
    if (signal && signal->ColourDescriptionPresent) {
        trace_number(line, "primaries", signal->ColourPrimaries);
        trace_number(line, "transfer", signal->TransferCharacteristics);
        trace_number(line, "matrix", signal->MatrixCoefficients);
    }
    trace_close(line, '}');
}

static void trace_operations(struct TraceLine *line, const struct Processor *processor)
{
    const mfxFrameInfo *in = &processor->parameters.vpp.In, *out = &processor->parameters.vpp.Out;
    trace_open(line, "operations", '[');
    if (in->CropW != out->CropW || in->CropH != out->CropH)
        trace_item(line, "scale");
    if (in->FourCC != out->FourCC)
        trace_item(line, "format");
    if ((uint64_t)in->FrameRateExtN * out->FrameRateExtD != (uint64_t)out->FrameRateExtN * in->FrameRateExtD)
        trace_item(line, "frame-rate");
    if (processor->angle)
        trace_item(line, "rotate");
    if (processor->mirroring)
        trace_item(line, "mirror");
    if (processor->composes)
        trace_item(line, "overlay");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (extension_of(&processor->parameters, kinds[i].kind))
            trace_item(line, kinds[i].operation);
    trace_close(line, ']');
}

void trace_processor(const struct Processor *processor)
{
    struct TraceLine line;
    trace_begin(&line, "vpp.init");
    const mfxVideoParam *parameters = &processor->parameters;
    trace_picture(&line, "in", &parameters->vpp.In, parameters->IOPattern & MFX_IOPATTERN_IN_VIDEO_MEMORY,
                  extension_of(parameters, MFX_EXTBUFF_VIDEO_SIGNAL_INFO_IN));
    trace_picture(&line, "out", &parameters->vpp.Out, parameters->IOPattern & MFX_IOPATTERN_OUT_VIDEO_MEMORY,
                  extension_of(parameters, MFX_EXTBUFF_VIDEO_SIGNAL_INFO_OUT));
    trace_operations(&line, processor);
    trace_number(&line, "angle", processor->angle);
    trace_number(&line, "mirroring", processor->mirroring);
    trace_number(&line, "inputs", processor->composes ? processor->composite.NumInputStream : 1);
    trace_end(&line);
}

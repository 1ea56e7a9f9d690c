/* VPL's video processor: frames in, processed frames out. */
#include <stdlib.h>
#include <string.h>

#include "description.h"
#include "processor.h"
#include "switches.h"
#include "../shared/trace.h"

EXPORT mfxStatus MFXVideoVPP_Query(mfxSession handle, mfxVideoParam *in, mfxVideoParam *out)
{
    (void)handle;
    if (!out)
        return MFX_ERR_NULL_PTR;
    if (!in)
        return MFX_ERR_NONE;
    if (pixel_format(in->vpp.In.FourCC) == AV_PIX_FMT_NONE || pixel_format(in->vpp.Out.FourCC) == AV_PIX_FMT_NONE)
        return MFX_ERR_UNSUPPORTED;
    if (in == out)
        return MFX_ERR_NONE;
    mfxExtBuffer **extensions = out->ExtParam;
    mfxU16 count = out->NumExtParam;
    *out = *in;
    out->ExtParam = extensions;
    out->NumExtParam = count;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoVPP_QueryIOSurf(mfxSession handle, mfxVideoParam *parameters, mfxFrameAllocRequest request[2])
{
    (void)handle;
    memset(request, 0, 2 * sizeof(request[0]));
    for (int i = 0; i < 2; i++) {
        request[i].Info = i ? parameters->vpp.Out : parameters->vpp.In;
        request[i].NumFrameMin = request[i].NumFrameSuggested = (mfxU16)(2 + parameters->AsyncDepth);
        request[i].Type = i ? MFX_MEMTYPE_FROM_VPPOUT : MFX_MEMTYPE_FROM_VPPIN;
        request[i].Type |= MFX_MEMTYPE_EXTERNAL_FRAME | MFX_MEMTYPE_VIDEO_MEMORY_PROCESSOR_TARGET;
    }
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoVPP_Init(mfxSession handle, mfxVideoParam *parameters)
{
    struct Session *session = session_of(handle);
    mfxStatus failure = injected_failure(STAGE_VPP_INIT);
    if (failure < MFX_ERR_NONE)
        return failure;
    if (session->processor)
        return MFX_ERR_UNDEFINED_BEHAVIOR;
    if (MFXVideoVPP_Query(handle, parameters, parameters) < MFX_ERR_NONE)
        return MFX_ERR_INVALID_VIDEO_PARAM;
    const mfxExtVPPComposite *composite = extension_of(parameters, MFX_EXTBUFF_VPP_COMPOSITE);
    if (composite && composite->NumInputStream > OVERLAY_INPUTS)
        return MFX_ERR_INVALID_VIDEO_PARAM;
    struct Processor *processor = calloc(1, sizeof(*processor));
    if (!processor)
        return MFX_ERR_MEMORY_ALLOC;
    session->processor = processor;
    processor->parameters = *parameters;
    if (composite) {
        processor->composes = 1;
        processor->composite = *composite;
        memcpy(processor->inputs, composite->InputStream, composite->NumInputStream * sizeof(processor->inputs[0]));
    }
    const mfxExtVPPRotation *rotation = extension_of(parameters, MFX_EXTBUFF_VPP_ROTATION);
    const mfxExtVPPMirroring *mirroring = extension_of(parameters, MFX_EXTBUFF_VPP_MIRRORING);
    processor->angle = rotation ? rotation->Angle : 0;
    processor->mirroring = mirroring ? mirroring->Type : 0;
    processor->deinterlaces = extension_of(parameters, MFX_EXTBUFF_VPP_DEINTERLACING) != NULL;
    trace_processor(processor);
    /* They belong to the application, which may free them now. */
    processor->parameters.ExtParam = NULL;
    processor->parameters.NumExtParam = 0;
    processor->composite.InputStream = NULL;
    /* Nothing, or a warning that something was left out. */
    return failure;
}

/*
 * Chooses what happens to an input frame when the frame rate changes: MFX_ERR_MORE_DATA drops it, MFX_ERR_MORE_SURFACE
 * uses it and asks for the same frame again, MFX_ERR_NONE uses it once. Sets the time stamp of the output.
 */
static mfxStatus change_rate(struct Processor *processor, mfxU64 *timestamp)
{
    const mfxFrameInfo *in = &processor->parameters.vpp.In, *out = &processor->parameters.vpp.Out;
    int64_t numerator = (int64_t)in->FrameRateExtN * out->FrameRateExtD;
    int64_t denominator = (int64_t)in->FrameRateExtD * out->FrameRateExtN;
    if (processor->composes || !in->FrameRateExtN || !out->FrameRateExtN || numerator == denominator) {
        processor->frames_in++;
        return MFX_ERR_NONE;
    }
    if (!processor->started) {
        processor->started = 1;
        processor->first_timestamp = *timestamp;
    }
    /* Output frame n shows input frame floor(n * input rate / output rate). */
    if (processor->produced * numerator / denominator > processor->consumed) {
        processor->consumed++;
        processor->frames_in++;
        return MFX_ERR_MORE_DATA;
    }
    *timestamp = processor->first_timestamp +
                 (mfxU64)(processor->produced * 90000LL * out->FrameRateExtD / out->FrameRateExtN);
    processor->produced++;
    if (processor->produced * numerator / denominator <= processor->consumed)
        return MFX_ERR_MORE_SURFACE;
    processor->consumed++;
    processor->frames_in++;
    return MFX_ERR_NONE;
}

static mfxStatus process_one(struct Processor *processor, struct MappedSurface *in, struct MappedSurface *out)
{
    if (!processor->angle && !processor->mirroring)
        return convert(&processor->converter, in, out);
    int sideways = processor->angle == MFX_ANGLE_90 || processor->angle == MFX_ANGLE_270;
    int width = sideways ? in->height : in->width, height = sideways ? in->width : in->height;
    mfxStatus status = shape_frame(&processor->upright, AV_PIX_FMT_YUV420P, in->width, in->height);
    if (status == MFX_ERR_NONE)
        status = shape_frame(&processor->turned, AV_PIX_FMT_YUV420P, width, height);
    if (status != MFX_ERR_NONE)
        return status;
    struct MappedSurface upright = frame_as_surface(processor->upright);
    status = convert(&processor->converter, in, &upright);
    if (status != MFX_ERR_NONE)
        return status;
    turn_picture(processor->turned, processor->upright, processor->angle, processor->mirroring);
    struct MappedSurface turned = frame_as_surface(processor->turned);
    return convert(&processor->second_converter, &turned, out);
}

/* Lays the next input over the canvas: MFX_ERR_MORE_DATA until all inputs of a picture have come. */
static mfxStatus add_layer(struct Processor *processor, struct MappedSurface *in, mfxU64 timestamp)
{
    const mfxFrameInfo *info = &processor->parameters.vpp.Out;
    int width = info->CropW ? info->CropW : info->Width, height = info->CropH ? info->CropH : info->Height;
    mfxStatus status = shape_frame(&processor->canvas, AV_PIX_FMT_YUV420P, width, height);
    if (status != MFX_ERR_NONE)
        return status;
    if (processor->next_input == 0) {
        processor->canvas_timestamp = timestamp;
        blacken(processor->canvas);
    }
    const mfxVPPCompInputStream *placement = &processor->inputs[processor->next_input];
    int layer_width = placement->DstW ? (int)placement->DstW & ~1 : in->width;
    int layer_height = placement->DstH ? (int)placement->DstH & ~1 : in->height;
    status = shape_frame(&processor->layer, AV_PIX_FMT_YUVA420P, layer_width, layer_height);
    if (status != MFX_ERR_NONE)
        return status;
    struct MappedSurface layer = frame_as_surface(processor->layer);
    status = convert(&processor->converter, in, &layer);
    if (status != MFX_ERR_NONE)
        return status;
    lay_over(processor->canvas, processor->layer, placement);
    if (++processor->next_input < processor->composite.NumInputStream)
        return MFX_ERR_MORE_DATA;
    processor->next_input = 0;
    return MFX_ERR_NONE;
}

static mfxStatus write_output(struct Session *session, mfxFrameSurface1 *surface, struct MappedSurface *in)
{
    struct Processor *processor = session->processor;
    struct MappedSurface out;
    mfxStatus status = map_surface(session, surface, &out);
    if (status != MFX_ERR_NONE)
        return status;
    if (processor->composes) {
        struct MappedSurface canvas = frame_as_surface(processor->canvas);
        status = convert(&processor->second_converter, &canvas, &out);
    } else {
        status = process_one(processor, in, &out);
    }
    unmap_surface(session, &out);
    return status;
}

static mfxStatus process(struct Session *session, mfxFrameSurface1 *in, mfxFrameSurface1 *out, mfxU64 *timestamp)
{
    struct Processor *processor = session->processor;
    struct MappedSurface source;
    mfxStatus status = map_surface(session, in, &source);
    if (status != MFX_ERR_NONE)
        return status;
    if (processor->composes) {
        status = add_layer(processor, &source, *timestamp);
        *timestamp = processor->canvas_timestamp;
    }
    if (status == MFX_ERR_NONE)
        status = write_output(session, out, &source);
    unmap_surface(session, &source);
    return status;
}

EXPORT mfxStatus MFXVideoVPP_RunFrameVPPAsync(mfxSession handle, mfxFrameSurface1 *in, mfxFrameSurface1 *out,
                                              mfxExtVppAuxData *auxiliary, mfxSyncPoint *point)
{
    (void)auxiliary;
    struct Session *session = session_of(handle);
    struct Processor *processor = session->processor;
    if (!processor)
        return MFX_ERR_NOT_INITIALIZED;
    if (!point || !out)
        return MFX_ERR_NULL_PTR;
    *point = NULL;
    if (!in)
        return MFX_ERR_MORE_DATA;
    mfxStatus failure = injected_failure(STAGE_VPP);
    if (failure != MFX_ERR_NONE)
        return failure;
    mfxU64 timestamp = in->Data.TimeStamp;
    mfxStatus again = change_rate(processor, &timestamp);
    if (again == MFX_ERR_MORE_DATA)
        return again;
    mfxStatus status = process(session, in, out, &timestamp);
    if (status != MFX_ERR_NONE)
        return status;
    frame_delay();
    out->Data.TimeStamp = timestamp;
    out->Info.PicStruct = processor->deinterlaces ? MFX_PICSTRUCT_PROGRESSIVE : in->Info.PicStruct;
    processor->frames_out++;
    *point = (mfxSyncPoint)(uintptr_t)processor->frames_out;
    return again;
}

EXPORT mfxStatus MFXVideoVPP_Reset(mfxSession handle, mfxVideoParam *parameters)
{
    if (!session_of(handle)->processor)
        return MFX_ERR_NOT_INITIALIZED;
    free_processor(session_of(handle));
    return MFXVideoVPP_Init(handle, parameters);
}

EXPORT mfxStatus MFXVideoVPP_GetVideoParam(mfxSession handle, mfxVideoParam *parameters)
{
    const struct Processor *processor = session_of(handle)->processor;
    if (!processor)
        return MFX_ERR_NOT_INITIALIZED;
    mfxExtBuffer **extensions = parameters->ExtParam;
    mfxU16 count = parameters->NumExtParam;
    *parameters = processor->parameters;
    parameters->ExtParam = extensions;
    parameters->NumExtParam = count;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoVPP_GetVPPStat(mfxSession handle, mfxVPPStat *statistics)
{
    const struct Processor *processor = session_of(handle)->processor;
    if (!processor)
        return MFX_ERR_NOT_INITIALIZED;
    memset(statistics, 0, sizeof(*statistics));
    statistics->NumFrame = (mfxU32)processor->frames_out;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoVPP_Close(mfxSession handle)
{
    if (!session_of(handle)->processor)
        return MFX_ERR_NOT_INITIALIZED;
    free_processor(session_of(handle));
    return MFX_ERR_NONE;
}

void free_processor(struct Session *session)
{
    struct Processor *processor = session->processor;
    if (!processor)
        return;
    struct TraceLine line;
    trace_begin(&line, "vpp.close");
    trace_number(&line, "framesIn", processor->frames_in);
    trace_number(&line, "framesOut", processor->frames_out);
    trace_end(&line);
    free_converter(&processor->converter);
    free_converter(&processor->second_converter);
    av_frame_free(&processor->canvas);
    av_frame_free(&processor->layer);
    av_frame_free(&processor->upright);
    av_frame_free(&processor->turned);
    free(processor);
    session->processor = NULL;
}

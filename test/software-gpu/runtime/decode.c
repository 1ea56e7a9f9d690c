/* VPL's decoder: packets in, frames out. */
#include <stdlib.h>
#include <string.h>

#include "decoder.h"
#include "description.h"
#include "switches.h"
#include "../shared/trace.h"

EXPORT mfxStatus MFXVideoDECODE_Query(mfxSession handle, mfxVideoParam *in, mfxVideoParam *out)
{
    (void)handle;
    if (!out)
        return MFX_ERR_NULL_PTR;
    if (in && in != out)
        *out = *in;
    return software_decoder(decoder_id(out->mfx.CodecId)) ? MFX_ERR_NONE : MFX_ERR_UNSUPPORTED;
}

EXPORT mfxStatus MFXVideoDECODE_QueryIOSurf(mfxSession handle, mfxVideoParam *parameters, mfxFrameAllocRequest *request)
{
    (void)handle;
    memset(request, 0, sizeof(*request));
    request->Info = parameters->mfx.FrameInfo;
    request->NumFrameMin = request->NumFrameSuggested = (mfxU16)(8 + parameters->AsyncDepth);
    request->Type = MFX_MEMTYPE_FROM_DECODE | MFX_MEMTYPE_EXTERNAL_FRAME;
    request->Type |= parameters->IOPattern & MFX_IOPATTERN_OUT_SYSTEM_MEMORY ? MFX_MEMTYPE_SYSTEM_MEMORY
                                                                             : MFX_MEMTYPE_VIDEO_MEMORY_DECODER_TARGET;
    return MFX_ERR_NONE;
}

static void trace_decoder(const mfxVideoParam *parameters)
{
    const mfxFrameInfo *info = &parameters->mfx.FrameInfo;
    struct TraceLine line;
    trace_begin(&line, "decode.init");
    trace_text(&line, "codec", codec_name(parameters->mfx.CodecId));
    trace_text(&line, "memory", parameters->IOPattern & MFX_IOPATTERN_OUT_VIDEO_MEMORY ? "video" : "system");
    trace_text(&line, "format", format_name(info->FourCC));
    trace_number(&line, "bitDepth", info->FourCC == MFX_FOURCC_P010 ? 10 : 8);
    trace_number(&line, "width", info->CropW);
    trace_number(&line, "height", info->CropH);
    trace_number(&line, "asyncDepth", parameters->AsyncDepth);
    trace_end(&line);
}

EXPORT mfxStatus MFXVideoDECODE_Init(mfxSession handle, mfxVideoParam *parameters)
{
    struct Session *session = session_of(handle);
    mfxStatus failure = injected_failure(STAGE_DECODE_INIT);
    if (failure != MFX_ERR_NONE)
        return failure;
    if (session->decoder)
        return MFX_ERR_UNDEFINED_BEHAVIOR;
    enum AVCodecID id = decoder_id(parameters->mfx.CodecId);
    struct Decoder *decoder = calloc(1, sizeof(*decoder));
    if (!decoder)
        return MFX_ERR_MEMORY_ALLOC;
    session->decoder = decoder;
    decoder->parameters = *parameters;
    decoder->context = open_software_decoder(id, codec_threads());
    decoder->packet = lavc.av_packet_alloc();
    decoder->parser = lavc.av_parser_init(id);
    if (decoder->parser)
        decoder->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    if (!decoder->context || !decoder->packet) {
        free_decoder(session);
        return MFX_ERR_UNSUPPORTED;
    }
    trace_decoder(parameters);
    return MFX_ERR_NONE;
}

/* Whether an access unit begins a picture of another size: the application must then initialise the decoder anew. */
static int changes_size(struct Decoder *decoder, const mfxBitstream *stream)
{
    AVCodecContext *context = decoder->parser ? quiet_context(NULL) : NULL;
    if (!context)
        return 0;
    context->codec_id = decoder->context->codec_id;
    context->codec_type = AVMEDIA_TYPE_VIDEO;
    uint8_t *unit;
    int size;
    lavc.av_parser_parse2(decoder->parser, context, &unit, &size, stream->Data + stream->DataOffset,
                          (int)stream->DataLength, 0, 0, 0);
    lavc.avcodec_free_context(&context);
    const mfxFrameInfo *info = &decoder->parameters.mfx.FrameInfo;
    int width = decoder->parser->width, height = decoder->parser->height;
    if (width <= 0 || (width == info->CropW && height == info->CropH))
        return 0;
    struct TraceLine line;
    trace_begin(&line, "decode.size-change");
    trace_number(&line, "width", width);
    trace_number(&line, "height", height);
    trace_end(&line);
    return 1;
}

static void collect_frames(struct Decoder *decoder)
{
    while (decoder->decoded_count < DECODED_FRAMES) {
        AVFrame *frame = av_frame_alloc();
        if (!frame || lavc.avcodec_receive_frame(decoder->context, frame) < 0) {
            av_frame_free(&frame);
            return;
        }
        decoder->decoded[decoder->decoded_count++] = frame;
    }
}

static mfxStatus take_packet(struct Decoder *decoder, mfxBitstream *stream)
{
    mfxStatus failure = injected_failure(STAGE_DECODE);
    if (failure != MFX_ERR_NONE)
        return failure;
    if (changes_size(decoder, stream))
        return MFX_ERR_INCOMPATIBLE_VIDEO_PARAM;
    if (lavc.av_new_packet(decoder->packet, (int)stream->DataLength) < 0)
        return MFX_ERR_MEMORY_ALLOC;
    memcpy(decoder->packet->data, stream->Data + stream->DataOffset, stream->DataLength);
    int known = stream->TimeStamp != (mfxU64)MFX_TIMESTAMP_UNKNOWN;
    decoder->packet->pts = known ? (int64_t)stream->TimeStamp : AV_NOPTS_VALUE;
    /* What cannot be decoded is dropped, as the hardware conceals it; FFmpeg sees fewer or damaged frames. */
    if (lavc.avcodec_send_packet(decoder->context, decoder->packet) == AVERROR(EAGAIN)) {
        collect_frames(decoder);
        lavc.avcodec_send_packet(decoder->context, decoder->packet);
    }
    lavc.av_packet_unref(decoder->packet);
    decoder->packets++;
    stream->DataOffset += stream->DataLength;
    stream->DataLength = 0;
    return MFX_ERR_NONE;
}

static mfxU16 frame_type(const AVFrame *frame)
{
    if (frame->flags & AV_FRAME_FLAG_KEY)
        return MFX_FRAMETYPE_I | MFX_FRAMETYPE_IDR | MFX_FRAMETYPE_REF;
    if (frame->pict_type == AV_PICTURE_TYPE_I)
        return MFX_FRAMETYPE_I | MFX_FRAMETYPE_REF;
    return frame->pict_type == AV_PICTURE_TYPE_B ? MFX_FRAMETYPE_B : MFX_FRAMETYPE_P | MFX_FRAMETYPE_REF;
}

static void describe_frame(struct Decoder *decoder, const AVFrame *frame, mfxFrameSurface1 *surface)
{
    const mfxFrameInfo *info = &decoder->parameters.mfx.FrameInfo;
    surface->Info.PicStruct = MFX_PICSTRUCT_PROGRESSIVE;
    if (frame->flags & AV_FRAME_FLAG_INTERLACED)
        surface->Info.PicStruct = frame->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST ? MFX_PICSTRUCT_FIELD_TFF
                                                                               : MFX_PICSTRUCT_FIELD_BFF;
    /* As the hardware's runtime does, a missing time stamp is made up from the frame rate. */
    int64_t timestamp = frame->pts == AV_NOPTS_VALUE ? decoder->next_timestamp : frame->pts;
    int64_t duration = info->FrameRateExtN ? 90000LL * info->FrameRateExtD / info->FrameRateExtN : 3600;
    decoder->next_timestamp = timestamp + duration;
    surface->Data.TimeStamp = (mfxU64)timestamp;
    for (int i = 0; surface->Data.ExtParam && i < surface->Data.NumExtParam; i++)
        if (surface->Data.ExtParam[i]->BufferId == MFX_EXTBUFF_DECODED_FRAME_INFO)
            ((mfxExtDecodedFrameInfo *)surface->Data.ExtParam[i])->FrameType = frame_type(frame);
}

static mfxStatus give_frame(struct Session *session, mfxFrameSurface1 *surface)
{
    struct Decoder *decoder = session->decoder;
    AVFrame *frame = decoder->decoded[0];
    struct MappedSurface target;
    surface->Info = decoder->parameters.mfx.FrameInfo;
    mfxStatus status = map_surface(session, surface, &target);
    if (status != MFX_ERR_NONE)
        return status;
    memmove(decoder->decoded, decoder->decoded + 1, (size_t)--decoder->decoded_count * sizeof(decoder->decoded[0]));
    struct MappedSurface source = frame_as_surface(frame);
    status = convert(&decoder->converter, &source, &target);
    unmap_surface(session, &target);
    describe_frame(decoder, frame, surface);
    av_frame_free(&frame);
    frame_delay();
    decoder->frames++;
    return status;
}

EXPORT mfxStatus MFXVideoDECODE_DecodeFrameAsync(mfxSession handle, mfxBitstream *stream, mfxFrameSurface1 *work,
                                                 mfxFrameSurface1 **out, mfxSyncPoint *point)
{
    struct Session *session = session_of(handle);
    struct Decoder *decoder = session->decoder;
    if (!decoder)
        return MFX_ERR_NOT_INITIALIZED;
    if (!out || !point)
        return MFX_ERR_NULL_PTR;
    *point = NULL;
    *out = NULL;
    if (stream && stream->DataLength) {
        mfxStatus status = take_packet(decoder, stream);
        if (status != MFX_ERR_NONE)
            return status;
    } else if (!stream && !decoder->draining) {
        decoder->draining = 1;
        lavc.avcodec_send_packet(decoder->context, NULL);
    }
    collect_frames(decoder);
    if (decoder->decoded_count == 0)
        return MFX_ERR_MORE_DATA;
    if (!work)
        return MFX_ERR_MORE_SURFACE;
    mfxStatus status = give_frame(session, work);
    if (status != MFX_ERR_NONE)
        return status;
    *out = work;
    *point = (mfxSyncPoint)(uintptr_t)decoder->frames;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoDECODE_Reset(mfxSession handle, mfxVideoParam *parameters)
{
    if (!session_of(handle)->decoder)
        return MFX_ERR_NOT_INITIALIZED;
    free_decoder(session_of(handle));
    return MFXVideoDECODE_Init(handle, parameters);
}

EXPORT mfxStatus MFXVideoDECODE_GetVideoParam(mfxSession handle, mfxVideoParam *parameters)
{
    const struct Decoder *decoder = session_of(handle)->decoder;
    if (!decoder)
        return MFX_ERR_NOT_INITIALIZED;
    *parameters = decoder->parameters;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoDECODE_GetDecodeStat(mfxSession handle, mfxDecodeStat *statistics)
{
    const struct Decoder *decoder = session_of(handle)->decoder;
    if (!decoder)
        return MFX_ERR_NOT_INITIALIZED;
    memset(statistics, 0, sizeof(*statistics));
    statistics->NumFrame = (mfxU32)decoder->frames;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoDECODE_SetSkipMode(mfxSession handle, mfxSkipMode mode)
{
    (void)mode;
    return session_of(handle)->decoder ? MFX_ERR_NONE : MFX_ERR_NOT_INITIALIZED;
}

EXPORT mfxStatus MFXVideoDECODE_GetPayload(mfxSession handle, mfxU64 *timestamp, mfxPayload *payload)
{
    (void)handle;
    (void)timestamp;
    (void)payload;
    return MFX_ERR_NOT_FOUND;
}

EXPORT mfxStatus MFXVideoDECODE_Close(mfxSession handle)
{
    if (!session_of(handle)->decoder)
        return MFX_ERR_NOT_INITIALIZED;
    free_decoder(session_of(handle));
    return MFX_ERR_NONE;
}

void free_decoder(struct Session *session)
{
    struct Decoder *decoder = session->decoder;
    if (!decoder)
        return;
    struct TraceLine line;
    trace_begin(&line, "decode.close");
    trace_number(&line, "packets", decoder->packets);
    trace_number(&line, "frames", decoder->frames);
    trace_end(&line);
    for (int i = 0; i < decoder->decoded_count; i++)
        av_frame_free(&decoder->decoded[i]);
    if (decoder->parser)
        lavc.av_parser_close(decoder->parser);
    lavc.avcodec_free_context(&decoder->context);
    lavc.av_packet_free(&decoder->packet);
    free_converter(&decoder->converter);
    free(decoder);
    session->decoder = NULL;
}

/* VPL's encoder: Init, frames in, packets out. */
#include <stdlib.h>
#include <string.h>

#include "description.h"
#include "encoder.h"
#include "switches.h"
#include "../shared/trace.h"

#define TAKE_EXTENSION(member, kind)                                      \
    do {                                                                  \
        const void *extension = extension_of(asked, kind);                \
        if (extension)                                                    \
            memcpy(&encoder->member, extension, sizeof(encoder->member)); \
    } while (0)

static void take_extensions(struct Encoder *encoder, const mfxVideoParam *asked)
{
    TAKE_EXTENSION(option, MFX_EXTBUFF_CODING_OPTION);
    TAKE_EXTENSION(option2, MFX_EXTBUFF_CODING_OPTION2);
    TAKE_EXTENSION(option3, MFX_EXTBUFF_CODING_OPTION3);
    TAKE_EXTENSION(hevc_tiles, MFX_EXTBUFF_HEVC_TILES);
    TAKE_EXTENSION(av1_tiles, MFX_EXTBUFF_AV1_TILE_PARAM);
    TAKE_EXTENSION(av1_bitstream, MFX_EXTBUFF_AV1_BITSTREAM_PARAM);
}

/* The application allocates its packets by BufferSizeInKB: a raw picture must fit. */
static void enlarge_buffer(mfxInfoMFX *mfx)
{
    int64_t bytes = (int64_t)mfx->FrameInfo.Width * mfx->FrameInfo.Height;
    int64_t needed = bytes * (mfx->FrameInfo.FourCC == MFX_FOURCC_P010 ? 3 : 2) / 1000 + 64;
    if (kilobits(mfx, mfx->BufferSizeInKB) >= needed)
        return;
    int64_t units = needed / mfx->BRCParamMultiplier + 1;
    mfx->BufferSizeInKB = (mfxU16)(units > 65535 ? 65535 : units);
}

static mfxStatus start(struct Encoder *encoder, const mfxVideoParam *asked)
{
    mfxStatus status = open_software_encoder(encoder, extension_of(asked, MFX_EXTBUFF_VIDEO_SIGNAL_INFO));
    if (status != MFX_ERR_NONE)
        return status;
    const AVCodecContext *context = encoder->context;
    int hevc = asked->mfx.CodecId == MFX_CODEC_HEVC;
    if ((hevc || asked->mfx.CodecId == MFX_CODEC_AVC) &&
        !split_parameter_sets(&encoder->headers, context->extradata, context->extradata_size, hevc))
        return MFX_ERR_UNKNOWN;
    encoder->frame = new_frame(context->pix_fmt, context->width, context->height);
    encoder->packet = lavc.av_packet_alloc();
    enlarge_buffer(&encoder->parameters.mfx);
    return encoder->frame && encoder->packet ? MFX_ERR_NONE : MFX_ERR_MEMORY_ALLOC;
}

EXPORT mfxStatus MFXVideoENCODE_Init(mfxSession handle, mfxVideoParam *asked)
{
    struct Session *session = session_of(handle);
    mfxStatus failure = injected_failure(STAGE_ENCODE_INIT);
    if (failure != MFX_ERR_NONE)
        return failure;
    if (session->encoder)
        return MFX_ERR_UNDEFINED_BEHAVIOR;
    mfxVideoParam checked = *asked;
    mfxStatus verdict = check_encode_parameters(&checked);
    if (verdict < MFX_ERR_NONE)
        return MFX_ERR_INVALID_VIDEO_PARAM;
    struct Encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return MFX_ERR_MEMORY_ALLOC;
    session->encoder = encoder;
    encoder->parameters = checked;
    if (!encoder->parameters.mfx.BRCParamMultiplier)
        encoder->parameters.mfx.BRCParamMultiplier = 1;
    take_extensions(encoder, asked);
    trace_encoder(asked, encoder);
    mfxStatus status = start(encoder, asked);
    if (status == MFX_ERR_NONE)
        return verdict;
    free_encoder(session);
    return status;
}

/* Copies a structure behind the header of the application's buffer. */
static void give_extension(mfxExtBuffer *buffer, const void *structure, size_t size)
{
    memcpy((uint8_t *)buffer + sizeof(*buffer), (const uint8_t *)structure + sizeof(*buffer), size - sizeof(*buffer));
}

static mfxStatus give_set(const struct Bytes *set, mfxU8 *buffer, mfxU16 *size)
{
    if (*size < set->size)
        return MFX_ERR_NOT_ENOUGH_BUFFER;
    if (set->size)
        memcpy(buffer, set->data, set->size);
    *size = (mfxU16)set->size;
    return MFX_ERR_NONE;
}

static mfxStatus fill_extension(const struct Encoder *encoder, mfxExtBuffer *buffer)
{
#define GIVE(kind, member)                                                    \
    case kind:                                                                \
        give_extension(buffer, &encoder->member, sizeof(encoder->member));    \
        return MFX_ERR_NONE
    switch (buffer->BufferId) {
        GIVE(MFX_EXTBUFF_CODING_OPTION, option);
        GIVE(MFX_EXTBUFF_CODING_OPTION2, option2);
        GIVE(MFX_EXTBUFF_CODING_OPTION3, option3);
        GIVE(MFX_EXTBUFF_HEVC_TILES, hevc_tiles);
        GIVE(MFX_EXTBUFF_AV1_TILE_PARAM, av1_tiles);
        GIVE(MFX_EXTBUFF_AV1_BITSTREAM_PARAM, av1_bitstream);
    case MFX_EXTBUFF_CODING_OPTION_SPSPPS: {
        mfxExtCodingOptionSPSPPS *sets = (mfxExtCodingOptionSPSPPS *)buffer;
        mfxStatus status = give_set(&encoder->headers.sps, sets->SPSBuffer, &sets->SPSBufSize);
        return status != MFX_ERR_NONE ? status : give_set(&encoder->headers.pps, sets->PPSBuffer, &sets->PPSBufSize);
    }
    case MFX_EXTBUFF_CODING_OPTION_VPS: {
        mfxExtCodingOptionVPS *sets = (mfxExtCodingOptionVPS *)buffer;
        return give_set(&encoder->headers.vps, sets->VPSBuffer, &sets->VPSBufSize);
    }
    default: return MFX_ERR_NONE;
    }
}

EXPORT mfxStatus MFXVideoENCODE_GetVideoParam(mfxSession handle, mfxVideoParam *parameters)
{
    const struct Encoder *encoder = session_of(handle)->encoder;
    if (!encoder)
        return MFX_ERR_NOT_INITIALIZED;
    mfxExtBuffer **extensions = parameters->ExtParam;
    mfxU16 count = parameters->NumExtParam;
    *parameters = encoder->parameters;
    parameters->ExtParam = extensions;
    parameters->NumExtParam = count;
    for (int i = 0; i < count; i++) {
        mfxStatus status = fill_extension(encoder, extensions[i]);
        if (status != MFX_ERR_NONE)
            return status;
    }
    return MFX_ERR_NONE;
}

static int counts_frames(const struct Encoder *encoder)
{
    return encoder->context->codec_id == AV_CODEC_ID_MPEG2VIDEO;
}

static mfxStatus send_frame(struct Session *session, const mfxEncodeCtrl *control, mfxFrameSurface1 *surface)
{
    struct Encoder *encoder = session->encoder;
    struct MappedSurface mapped;
    mfxStatus status = map_surface(session, surface, &mapped);
    if (status != MFX_ERR_NONE)
        return status;
    if (av_frame_make_writable(encoder->frame) < 0) {
        unmap_surface(session, &mapped);
        return MFX_ERR_MEMORY_ALLOC;
    }
    /* A surface may be larger than the picture: what is encoded is its upper left part. */
    mapped.width = encoder->context->width;
    mapped.height = encoder->context->height;
    struct MappedSurface target = frame_as_surface(encoder->frame);
    status = convert(&encoder->converter, &mapped, &target);
    unmap_surface(session, &mapped);
    if (status != MFX_ERR_NONE)
        return status;
    int key = control && control->FrameType & MFX_FRAMETYPE_I;
    encoder->frame->pts = counts_frames(encoder) ? encoder->frames : (int64_t)surface->Data.TimeStamp;
    encoder->frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    encoder->frame->quality = encoder->context->global_quality;
    frame_delay();
    encoder->frames++;
    return lavc.avcodec_send_frame(encoder->context, encoder->frame) < 0 ? MFX_ERR_DEVICE_FAILED : MFX_ERR_NONE;
}

static mfxStatus receive_packet(struct Encoder *encoder)
{
    if (encoder->packet_waits)
        return MFX_ERR_NONE;
    int received = lavc.avcodec_receive_packet(encoder->context, encoder->packet);
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF)
        return MFX_ERR_MORE_DATA;
    if (received < 0)
        return MFX_ERR_DEVICE_FAILED;
    encoder->packet_waits = 1;
    return MFX_ERR_NONE;
}

static mfxU16 frame_type(const AVPacket *packet, int picture_type)
{
    if (packet->flags & AV_PKT_FLAG_KEY)
        return MFX_FRAMETYPE_I | MFX_FRAMETYPE_IDR | MFX_FRAMETYPE_REF;
    if (picture_type == AV_PICTURE_TYPE_I)
        return MFX_FRAMETYPE_I | MFX_FRAMETYPE_REF;
    return picture_type == AV_PICTURE_TYPE_B ? MFX_FRAMETYPE_B : MFX_FRAMETYPE_P | MFX_FRAMETYPE_REF;
}

/* Type and mean quantizer of the picture, from the statistics that libavcodec attaches to a packet. */
static void describe_packet(struct Encoder *encoder, mfxBitstream *stream)
{
    size_t size = 0;
    const uint8_t *statistics = lavc.av_packet_get_side_data(encoder->packet, AV_PKT_DATA_QUALITY_STATS, &size);
    stream->FrameType = frame_type(encoder->packet, size >= 5 ? statistics[4] : 0);
    for (int i = 0; stream->ExtParam && i < stream->NumExtParam; i++) {
        if (stream->ExtParam[i]->BufferId != MFX_EXTBUFF_ENCODED_FRAME_INFO)
            continue;
        int32_t lambda = 0;
        if (size >= 4)
            memcpy(&lambda, statistics, sizeof(lambda));
        if (lambda > 0)
            encoder->last_qp = lambda / FF_QP2LAMBDA;
        ((mfxExtAVCEncodedFrameInfo *)stream->ExtParam[i])->QP = (mfxU16)encoder->last_qp;
    }
}

static mfxStatus write_packet(struct Encoder *encoder, mfxBitstream *stream)
{
    const AVPacket *packet = encoder->packet;
    size_t header = packet->flags & AV_PKT_FLAG_KEY ? encoder->headers.all.size : 0;
    size_t size = header + (size_t)packet->size;
    if (stream->DataOffset + stream->DataLength + size > stream->MaxLength)
        return MFX_ERR_NOT_ENOUGH_BUFFER;
    uint8_t *end = stream->Data + stream->DataOffset + stream->DataLength;
    if (header)
        memcpy(end, encoder->headers.all.data, header);
    memcpy(end + header, packet->data, (size_t)packet->size);
    stream->DataLength += (mfxU32)size;
    describe_packet(encoder, stream);
    AVRational ticks = { 1, 90000 };
    AVRational base = counts_frames(encoder) ? encoder->context->time_base : ticks;
    stream->TimeStamp = (mfxU64)av_rescale_q(packet->pts, base, ticks);
    stream->DecodeTimeStamp = av_rescale_q(packet->dts, base, ticks);
    stream->PicStruct = MFX_PICSTRUCT_PROGRESSIVE;
    encoder->packets++;
    encoder->bytes += (int64_t)size;
    lavc.av_packet_unref(encoder->packet);
    encoder->packet_waits = 0;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoENCODE_EncodeFrameAsync(mfxSession handle, mfxEncodeCtrl *control, mfxFrameSurface1 *surface,
                                                 mfxBitstream *stream, mfxSyncPoint *point)
{
    struct Session *session = session_of(handle);
    struct Encoder *encoder = session->encoder;
    if (!encoder)
        return MFX_ERR_NOT_INITIALIZED;
    if (!stream || !point)
        return MFX_ERR_NULL_PTR;
    *point = NULL;
    mfxStatus status = MFX_ERR_NONE;
    if (surface) {
        status = injected_failure(STAGE_ENCODE);
        if (status == MFX_ERR_NONE)
            status = send_frame(session, control, surface);
    } else if (!encoder->draining) {
        encoder->draining = 1;
        lavc.avcodec_send_frame(encoder->context, NULL);
    }
    if (status == MFX_ERR_NONE)
        status = receive_packet(encoder);
    if (status == MFX_ERR_NONE)
        status = write_packet(encoder, stream);
    if (status == MFX_ERR_NONE)
        *point = (mfxSyncPoint)(uintptr_t)encoder->packets;
    return status;
}

EXPORT mfxStatus MFXVideoENCODE_Reset(mfxSession handle, mfxVideoParam *parameters)
{
    const struct Encoder *encoder = session_of(handle)->encoder;
    if (!encoder)
        return MFX_ERR_NOT_INITIALIZED;
    struct TraceLine line;
    trace_begin(&line, "encode.reset");
    trace_number(&line, "targetKbps", kilobits(&parameters->mfx, parameters->mfx.TargetKbps));
    trace_end(&line);
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoENCODE_GetEncodeStat(mfxSession handle, mfxEncodeStat *statistics)
{
    const struct Encoder *encoder = session_of(handle)->encoder;
    if (!encoder)
        return MFX_ERR_NOT_INITIALIZED;
    memset(statistics, 0, sizeof(*statistics));
    statistics->NumFrame = (mfxU32)encoder->packets;
    statistics->NumBit = (mfxU64)encoder->bytes * 8;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoENCODE_Close(mfxSession handle)
{
    if (!session_of(handle)->encoder)
        return MFX_ERR_NOT_INITIALIZED;
    free_encoder(session_of(handle));
    return MFX_ERR_NONE;
}

void free_encoder(struct Session *session)
{
    struct Encoder *encoder = session->encoder;
    if (!encoder)
        return;
    struct TraceLine line;
    trace_begin(&line, "encode.close");
    trace_text(&line, "codec", codec_name(encoder->parameters.mfx.CodecId));
    trace_number(&line, "frames", encoder->frames);
    trace_number(&line, "packets", encoder->packets);
    trace_number(&line, "bytes", encoder->bytes);
    trace_end(&line);
    lavc.avcodec_free_context(&encoder->context);
    av_frame_free(&encoder->frame);
    lavc.av_packet_free(&encoder->packet);
    free_converter(&encoder->converter);
    free_parameter_sets(&encoder->headers);
    free(encoder);
    session->encoder = NULL;
}

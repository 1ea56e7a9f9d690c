#include "encode_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <va/va_enc_av1.h>
#include <va/va_enc_h264.h>
#include <va/va_enc_hevc.h>
#include <va/va_enc_vp9.h>

#include "../shared/trace.h"
#include "abilities.h"

static void read_sequence(struct EncodeRequest *request, const void *data)
{
    const char *codec = codec_of(request->profile);
    if (!strcmp(codec, "h264")) {
        const VAEncSequenceParameterBufferH264 *sequence = data;
        request->width = sequence->picture_width_in_mbs * 16;
        request->height = sequence->picture_height_in_mbs * 16;
        request->gop = (int)sequence->intra_period;
        request->reference_distance = (int)sequence->ip_period;
        request->level = sequence->level_idc;
    } else if (!strcmp(codec, "hevc")) {
        const VAEncSequenceParameterBufferHEVC *sequence = data;
        request->width = sequence->pic_width_in_luma_samples;
        request->height = sequence->pic_height_in_luma_samples;
        request->gop = (int)sequence->intra_period;
        request->reference_distance = (int)sequence->ip_period;
        request->level = sequence->general_level_idc;
    } else if (!strcmp(codec, "vp9")) {
        const VAEncSequenceParameterBufferVP9 *sequence = data;
        request->width = (int)sequence->max_frame_width;
        request->height = (int)sequence->max_frame_height;
        request->gop = (int)sequence->intra_period;
    } else {
        const VAEncSequenceParameterBufferAV1 *sequence = data;
        request->gop = (int)sequence->intra_period;
        request->reference_distance = (int)sequence->ip_period;
        request->level = sequence->seq_level_idx;
    }
}

static void read_picture(struct EncodeRequest *request, const void *data)
{
    const char *codec = codec_of(request->profile);
    if (!strcmp(codec, "h264")) {
        const VAEncPictureParameterBufferH264 *picture = data;
        request->coded = picture->coded_buf;
        request->key = picture->pic_fields.bits.idr_pic_flag;
        request->quantizer = picture->pic_init_qp;
        request->cabac = picture->pic_fields.bits.entropy_coding_mode_flag;
    } else if (!strcmp(codec, "hevc")) {
        const VAEncPictureParameterBufferHEVC *picture = data;
        request->coded = picture->coded_buf;
        request->key = picture->pic_fields.bits.idr_pic_flag;
        request->quantizer = picture->pic_init_qp;
    } else if (!strcmp(codec, "vp9")) {
        const VAEncPictureParameterBufferVP9 *picture = data;
        request->coded = picture->coded_buf;
        request->key = picture->ref_flags.bits.force_kf;
        request->quantizer = picture->luma_ac_qindex;
    } else {
        const VAEncPictureParameterBufferAV1 *picture = data;
        request->width = picture->frame_width_minus_1 + 1;
        request->height = picture->frame_height_minus_1 + 1;
        request->coded = picture->coded_buf;
        request->key = picture->picture_flags.bits.frame_type == 0;
        request->quantizer = picture->base_qindex;
    }
}

static void read_rate_control(struct EncodeRequest *request, const VAEncMiscParameterRateControl *rate)
{
    request->highest = rate->bits_per_second;
    request->target = (int64_t)rate->bits_per_second * rate->target_percentage / 100;
    if (request->rate_control == VA_RC_ICQ)
        request->quality = (int)rate->ICQ_quality_factor;
    else if (request->rate_control == VA_RC_QVBR)
        request->quality = (int)rate->quality_factor;
}

static void read_miscellaneous(struct EncodeRequest *request, const VAEncMiscParameterBuffer *misc)
{
    const void *data = misc->data;
    switch (misc->type) {
    case VAEncMiscParameterTypeRateControl: read_rate_control(request, data); break;
    case VAEncMiscParameterTypeHRD: {
        const VAEncMiscParameterHRD *model = data;
        request->buffer = model->buffer_size;
        request->initial = model->initial_buffer_fullness;
        break;
    }
    case VAEncMiscParameterTypeFrameRate: {
        /* Numerator below, denominator above; none means 1. */
        uint32_t rate = ((const VAEncMiscParameterFrameRate *)data)->framerate;
        request->rate_numerator = (int)(rate & 0xffff);
        request->rate_denominator = rate >> 16 ? (int)(rate >> 16) : 1;
        break;
    }
    case VAEncMiscParameterTypeQualityLevel:
        request->quality_level = (int)((const VAEncMiscParameterBufferQualityLevel *)data)->quality_level;
        break;
    default: break;
    }
}

void start_encode_request(struct EncodeRequest *request, VAProfile profile, VAEntrypoint entry, uint32_t rate_control)
{
    *request = (struct EncodeRequest){ .profile = profile, .entry = entry, .rate_control = rate_control };
    request->rate_numerator = 30;
    request->rate_denominator = 1;
    request->colours = (struct Colours){ .primaries = 2, .transfer = 2, .matrix = 2 };
}

void end_encode_request(struct EncodeRequest *request)
{
    free(request->headers.sets);
    free(request->headers.messages);
    free(request->headers.slice);
    request->headers = (struct PackedHeaders){ 0 };
}

void start_picture_request(struct EncodeRequest *request)
{
    request->headers.sets_size = request->headers.messages_size = request->headers.slice_size = 0;
}

static VAStatus append(uint8_t **bytes, size_t *size, const struct BufferView *more)
{
    size_t count = (size_t)more->size * more->count;
    uint8_t *longer = realloc(*bytes, *size + count);
    if (!longer)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    memcpy(longer + *size, more->data, count);
    *bytes = longer;
    *size += count;
    return VA_STATUS_SUCCESS;
}

static VAStatus read_packed_header(struct EncodeRequest *request, const struct BufferView *buffer)
{
    struct PackedHeaders *headers = &request->headers;
    switch (request->packing) {
    case VAEncPackedHeaderSequence:
        read_colours(codec_of(request->profile), buffer->data, (size_t)buffer->size * buffer->count, &request->colours);
        return append(&headers->sets, &headers->sets_size, buffer);
    case VAEncPackedHeaderSlice: return append(&headers->slice, &headers->slice_size, buffer);
    case VAEncPackedHeaderRawData: return append(&headers->messages, &headers->messages_size, buffer);
    default: return VA_STATUS_SUCCESS;
    }
}

VAStatus read_encode_buffer(struct EncodeRequest *request, const struct BufferView *buffer)
{
    switch (buffer->type) {
    case VAEncSequenceParameterBufferType: read_sequence(request, buffer->data); break;
    case VAEncPictureParameterBufferType: read_picture(request, buffer->data); break;
    case VAEncMiscParameterBufferType: read_miscellaneous(request, buffer->data); break;
    case VAEncPackedHeaderParameterBufferType: {
        uint32_t type = ((const VAEncPackedHeaderParameterBuffer *)buffer->data)->type;
        request->packing = type;
        request->packed |= 1u << (type < 31 ? type : 31);
        break;
    }
    case VAEncPackedHeaderDataBufferType: return read_packed_header(request, buffer);
    default: break;
    }
    return VA_STATUS_SUCCESS;
}

static const char *rate_control_name(uint32_t mode)
{
    switch (mode) {
    case VA_RC_CQP: return "CQP";
    case VA_RC_CBR: return "CBR";
    case VA_RC_VBR: return "VBR";
    case VA_RC_ICQ: return "ICQ";
    case VA_RC_QVBR: return "QVBR";
    default: return "none";
    }
}

static void trace_rate(struct TraceLine *line, const struct EncodeRequest *request)
{
    trace_text(line, "rateControl", rate_control_name(request->rate_control));
    switch (request->rate_control) {
    case VA_RC_CQP: trace_number(line, "qp", request->quantizer); return;
    case VA_RC_ICQ: trace_number(line, "quality", request->quality); return;
    case VA_RC_QVBR: trace_number(line, "quality", request->quality); break;
    default: break;
    }
    trace_number(line, "targetKbps", request->target / 1000);
    trace_number(line, "maxKbps", request->highest / 1000);
    trace_number(line, "bufferKbits", request->buffer / 1000);
    trace_number(line, "initialKbits", request->initial / 1000);
}

void trace_encode_request(const struct EncodeRequest *request, uint32_t fourcc, int width, int height)
{
    char rate[32];
    snprintf(rate, sizeof(rate), "%d/%d", request->rate_numerator, request->rate_denominator);
    struct TraceLine line;
    trace_begin(&line, "va.encode.init");
    trace_text(&line, "codec", codec_of(request->profile));
    trace_text(&line, "profile", profile_name(request->profile));
    trace_word(&line, "lowPower", request->entry == VAEntrypointEncSliceLP ? "true" : "false");
    trace_text(&line, "format", fourcc == VA_FOURCC_P010 ? "p010" : "nv12");
    trace_number(&line, "bitDepth", fourcc == VA_FOURCC_P010 ? 10 : 8);
    trace_number(&line, "width", width);
    trace_number(&line, "height", height);
    trace_text(&line, "frameRate", rate);
    trace_number(&line, "gop", request->gop);
    trace_number(&line, "refDist", request->reference_distance);
    trace_number(&line, "level", request->level);
    trace_number(&line, "qualityLevel", request->quality_level);
    trace_rate(&line, request);
    trace_open(&line, "colour", '{');
    trace_number(&line, "fullRange", request->colours.full_range);
    trace_number(&line, "primaries", request->colours.primaries);
    trace_number(&line, "transfer", request->colours.transfer);
    trace_number(&line, "matrix", request->colours.matrix);
    trace_close(&line, '}');
    trace_open(&line, "packedHeaders", '[');
    if (request->packed & 1u << VAEncPackedHeaderSequence)
        trace_item(&line, "sequence");
    if (request->packed & 1u << VAEncPackedHeaderPicture)
        trace_item(&line, "picture");
    if (request->packed & 1u << VAEncPackedHeaderSlice)
        trace_item(&line, "slice");
    if (request->packed & 1u << VAEncPackedHeaderRawData)
        trace_item(&line, "raw");
    trace_close(&line, ']');
    trace_end(&line);
}

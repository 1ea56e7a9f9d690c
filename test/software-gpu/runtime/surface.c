#include "surface.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <string.h>

enum AVPixelFormat pixel_format(mfxU32 fourcc)
{
    switch (fourcc) {
    case MFX_FOURCC_NV12: return AV_PIX_FMT_NV12;
    case MFX_FOURCC_P010: return AV_PIX_FMT_P010;
    case MFX_FOURCC_YV12:
    case MFX_FOURCC_I420: return AV_PIX_FMT_YUV420P;
    case MFX_FOURCC_RGB4: return AV_PIX_FMT_BGRA;
    case MFX_FOURCC_YUY2: return AV_PIX_FMT_YUYV422;
    case MFX_FOURCC_UYVY: return AV_PIX_FMT_UYVY422;
    default: return AV_PIX_FMT_NONE;
    }
}

static mfxStatus map_system_memory(const mfxFrameData *data, struct MappedSurface *mapped)
{
    int pitch = data->PitchLow + ((int)data->PitchHigh << 16);
    mapped->pitches[0] = pitch;
    switch (mapped->format) {
    case AV_PIX_FMT_NV12:
    case AV_PIX_FMT_P010:
        mapped->planes[0] = data->Y;
        mapped->planes[1] = data->UV;
        mapped->pitches[1] = pitch;
        return MFX_ERR_NONE;
    case AV_PIX_FMT_YUV420P:
        mapped->planes[0] = data->Y;
        mapped->planes[1] = data->U;
        mapped->planes[2] = data->V;
        mapped->pitches[1] = mapped->pitches[2] = pitch / 2;
        return MFX_ERR_NONE;
    case AV_PIX_FMT_BGRA: mapped->planes[0] = data->B; return MFX_ERR_NONE;
    case AV_PIX_FMT_YUYV422: mapped->planes[0] = data->Y; return MFX_ERR_NONE;
    case AV_PIX_FMT_UYVY422: mapped->planes[0] = data->U; return MFX_ERR_NONE;
    default: return MFX_ERR_UNSUPPORTED;
    }
}

static mfxStatus map_driver_memory(const struct Session *session, mfxMemId id, struct MappedSurface *mapped)
{
    if (!session->display || !session->has_allocator)
        return MFX_ERR_INVALID_HANDLE;
    /* Since API 2.0 the handle of a surface is a pair; its first half points to the VA surface. */
    mfxHDLPair pair = { 0 };
    mfxStatus status = session->allocator.GetHDL(session->allocator.pthis, id, (mfxHDL *)&pair);
    if (status != MFX_ERR_NONE)
        return status;
    VASurfaceID surface = *(VASurfaceID *)pair.first;
    void *bytes;
    if (vaSyncSurface(session->display, surface) || vaDeriveImage(session->display, surface, &mapped->image))
        return MFX_ERR_LOCK_MEMORY;
    if (vaMapBuffer(session->display, mapped->image.buf, &bytes)) {
        vaDestroyImage(session->display, mapped->image.image_id);
        return MFX_ERR_LOCK_MEMORY;
    }
    mapped->on_driver = 1;
    for (unsigned i = 0; i < mapped->image.num_planes; i++) {
        mapped->planes[i] = (uint8_t *)bytes + mapped->image.offsets[i];
        mapped->pitches[i] = (int)mapped->image.pitches[i];
    }
    return MFX_ERR_NONE;
}

mfxStatus map_surface(const struct Session *session, mfxFrameSurface1 *surface, struct MappedSurface *mapped)
{
    const mfxFrameInfo *info = &surface->Info;
    const mfxFrameData *data = &surface->Data;
    memset(mapped, 0, sizeof(*mapped));
    mapped->format = pixel_format(info->FourCC);
    if (mapped->format == AV_PIX_FMT_NONE)
        return MFX_ERR_UNSUPPORTED;
    mapped->width = info->CropW ? info->CropW : info->Width;
    mapped->height = info->CropH ? info->CropH : info->Height;
    mfxStatus status = data->Y || data->B || data->U ? map_system_memory(data, mapped)
                                                     : map_driver_memory(session, data->MemId, mapped);
    if (status != MFX_ERR_NONE)
        return status;
    /* Chroma is subsampled, so that a crop starts on an even pixel. */
    int left = info->CropX & ~1, top = info->CropY & ~1;
    const AVPixFmtDescriptor *descriptor = av_pix_fmt_desc_get(mapped->format);
    for (int i = 0; (left || top) && i < 4 && mapped->planes[i]; i++) {
        int columns = av_image_get_linesize(mapped->format, left, i);
        int rows = i ? top >> descriptor->log2_chroma_h : top;
        mapped->planes[i] += (ptrdiff_t)rows * mapped->pitches[i] + (columns > 0 ? columns : 0);
    }
    return MFX_ERR_NONE;
}

void unmap_surface(const struct Session *session, struct MappedSurface *mapped)
{
    if (!mapped->on_driver)
        return;
    vaUnmapBuffer(session->display, mapped->image.buf);
    vaDestroyImage(session->display, mapped->image.image_id);
    mapped->on_driver = 0;
}

mfxStatus convert(struct Converter *converter, const struct MappedSurface *from, const struct MappedSurface *to)
{
    int same_size = from->width == to->width && from->height == to->height;
    if (same_size && from->format == to->format) {
        av_image_copy((uint8_t **)to->planes, (int *)to->pitches, (const uint8_t **)from->planes, from->pitches,
                      from->format, from->width, from->height);
        return MFX_ERR_NONE;
    }
    converter->context = sws_getCachedContext(converter->context, from->width, from->height, from->format, to->width,
                                              to->height, to->format, same_size ? SWS_POINT : SWS_BICUBIC, NULL, NULL,
                                              NULL);
    if (!converter->context)
        return MFX_ERR_UNDEFINED_BEHAVIOR;
    int rows = sws_scale(converter->context, (const uint8_t *const *)from->planes, from->pitches, 0, from->height,
                         to->planes, to->pitches);
    return rows < 0 ? MFX_ERR_UNDEFINED_BEHAVIOR : MFX_ERR_NONE;
}

void free_converter(struct Converter *converter)
{
    sws_freeContext(converter->context);
    converter->context = NULL;
}

struct MappedSurface frame_as_surface(AVFrame *frame)
{
    struct MappedSurface mapped = { .format = frame->format, .width = frame->width, .height = frame->height };
    /* Values are kept as they were coded: a GPU does not know their range, and libswscale would change it. */
    if (mapped.format == AV_PIX_FMT_YUVJ420P)
        mapped.format = AV_PIX_FMT_YUV420P;
    memcpy(mapped.planes, frame->data, sizeof(mapped.planes));
    memcpy(mapped.pitches, frame->linesize, sizeof(mapped.pitches));
    return mapped;
}

AVFrame *new_frame(enum AVPixelFormat format, int width, int height)
{
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return NULL;
    frame->format = format;
    frame->width = width;
    frame->height = height;
    if (av_frame_get_buffer(frame, 0) < 0)
        av_frame_free(&frame);
    return frame;
}

mfxStatus shape_frame(AVFrame **frame, enum AVPixelFormat format, int width, int height)
{
    if (*frame && (*frame)->format == (int)format && (*frame)->width == width && (*frame)->height == height)
        return MFX_ERR_NONE;
    av_frame_free(frame);
    *frame = new_frame(format, width, height);
    return *frame ? MFX_ERR_NONE : MFX_ERR_MEMORY_ALLOC;
}

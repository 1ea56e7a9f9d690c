/* Frames: from VPL's surfaces, in system memory or on the VA driver, to planes that libswscale understands. */
#pragma once
#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
#include <va/va.h>
#include <vpl/mfx.h>

#include "session.h"

/* The visible part of a surface while it is mapped. */
struct MappedSurface {
    uint8_t *planes[4];
    int pitches[4];
    enum AVPixelFormat format;
    int width, height;
    VAImage image; /* of a surface on the VA driver */
    int on_driver;
};

/* A converter of one caller; keeps libswscale's state between frames. */
struct Converter {
    struct SwsContext *context;
};

/* FFmpeg's name of a VPL format; AV_PIX_FMT_NONE when the stand-in does not take it. */
enum AVPixelFormat pixel_format(mfxU32 fourcc);

mfxStatus map_surface(const struct Session *session, mfxFrameSurface1 *surface, struct MappedSurface *mapped);
void unmap_surface(const struct Session *session, struct MappedSurface *mapped);

/* Copies, scales or converts one picture. */
mfxStatus convert(struct Converter *converter, const struct MappedSurface *from, const struct MappedSurface *to);
void free_converter(struct Converter *converter);

/* An allocated frame as a mapped surface. */
struct MappedSurface frame_as_surface(AVFrame *frame);

/* An allocated frame of a shape; NULL when there is no memory. */
AVFrame *new_frame(enum AVPixelFormat format, int width, int height);

/* Makes *frame one of that shape, keeping it when it is. */
mfxStatus shape_frame(AVFrame **frame, enum AVPixelFormat format, int width, int height);

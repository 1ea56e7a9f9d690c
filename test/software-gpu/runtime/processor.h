/* The video processor of a session: scaling, cropping, formats, frame rates, rotation, overlays. */
#pragma once
#include <stdint.h>
#include <vpl/mfx.h>

#include "session.h"
#include "surface.h"

#define OVERLAY_INPUTS 16

struct Processor {
    mfxVideoParam parameters;
    int angle, mirroring;
    int deinterlaces;
    mfxExtVPPComposite composite;
    mfxVPPCompInputStream inputs[OVERLAY_INPUTS];
    int composes;

    /* State of a composition: the picture so far, and which input comes next. */
    AVFrame *canvas, *layer;
    int next_input;
    mfxU64 canvas_timestamp;

    /* State of a change of frame rate. */
    int64_t consumed, produced;
    mfxU64 first_timestamp;
    int started;

    AVFrame *upright, *turned;
    struct Converter converter, second_converter;
    long frames_in, frames_out;
};

/* Turns clockwise by 90, 180 or 270 degrees and mirrors 8-bit planar pictures (VPL's order: first turn, then mirror). */
void turn_picture(AVFrame *to, const AVFrame *from, int angle, int mirroring);

/* Lays a picture with transparency (YUVA 4:2:0) over an opaque one (4:2:0). */
void lay_over(AVFrame *canvas, const AVFrame *layer, const mfxVPPCompInputStream *placement);

/* Makes a picture black. */
void blacken(AVFrame *canvas);

/* Writes what reached the runtime at Init into the trace. */
void trace_processor(const struct Processor *processor);

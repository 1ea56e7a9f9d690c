/* Surfaces and images of the VA driver: plain memory under VA's ids. */
#pragma once
#include <stdint.h>
#include <va/va_backend.h>

/* Ids of the kinds of objects lie apart, so that a wrong one is found. */
#define SURFACE_IDS 0x04000000u
#define IMAGE_IDS 0x08000000u
#define IMAGE_BUFFER_IDS 0x10000000u
#define BUFFER_IDS 0x20000000u
#define CONFIG_IDS 0x40000000u
#define CONTEXT_IDS 0x60000000u

/* Most objects of a kind at a time. */
#define OBJECTS 8192

extern const VAImageFormat image_formats[];
extern const int image_format_count;

VAStatus create_surfaces(uint32_t fourcc, int width, int height, VASurfaceID *ids, unsigned count);
void destroy_surfaces(const VASurfaceID *ids, int count);

/* An image of its own, or (derive) one that shares the memory of a surface. */
VAStatus create_image(uint32_t fourcc, int width, int height, VAImage *image);
VAStatus derive_image(VASurfaceID surface, VAImage *image);
VAStatus destroy_image(VAImageID id);

/* Copy the upper left part between a surface and an image of the same format. */
VAStatus copy_to_image(VASurfaceID surface, VAImageID image, unsigned width, unsigned height);
VAStatus copy_to_surface(VASurfaceID surface, VAImageID image, unsigned width, unsigned height);

/* Where the pixels of an image are, by the id of its buffer. */
VAStatus map_image(VABufferID id, void **data);

/* The pixels of a surface, valid while it lives. */
struct SurfaceView {
    uint32_t fourcc;
    int width, height;
    int pitches[3];
    uint8_t *data[3];
};

/* 0 when there is no such surface. */
int view_surface(VASurfaceID id, struct SurfaceView *view);

#define _GNU_SOURCE
#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Pixels, shared by a surface and the images that are derived from it. */
struct Pixels {
    uint32_t fourcc;
    int width, height;
    int planes, pitches[3];
    uint32_t offsets[3];
    size_t size;
    uint8_t *bytes;
    int references;
};

struct Image {
    struct Pixels *pixels;
    VAImage description;
};

static struct Pixels *surfaces[OBJECTS];
static struct Image *images[OBJECTS];
/* FFmpeg's decoder, filters and encoder run in threads of their own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const VAImageFormat image_formats[] = {
    { VA_FOURCC_NV12, VA_LSB_FIRST, 12, 0, 0, 0, 0, 0, { 0 } },
    { VA_FOURCC_P010, VA_LSB_FIRST, 24, 0, 0, 0, 0, 0, { 0 } },
    { VA_FOURCC_I420, VA_LSB_FIRST, 12, 0, 0, 0, 0, 0, { 0 } },
    { VA_FOURCC_YV12, VA_LSB_FIRST, 12, 0, 0, 0, 0, 0, { 0 } },
    { VA_FOURCC_YUY2, VA_LSB_FIRST, 16, 0, 0, 0, 0, 0, { 0 } },
    { VA_FOURCC_UYVY, VA_LSB_FIRST, 16, 0, 0, 0, 0, 0, { 0 } },
    { VA_FOURCC_BGRA, VA_LSB_FIRST, 32, 32, 0xff0000, 0xff00, 0xff, 0xff000000u, { 0 } },
    { VA_FOURCC_RGBA, VA_LSB_FIRST, 32, 32, 0xff, 0xff00, 0xff0000, 0xff000000u, { 0 } },
    { VA_FOURCC_BGRX, VA_LSB_FIRST, 32, 24, 0xff0000, 0xff00, 0xff, 0, { 0 } },
};
const int image_format_count = sizeof(image_formats) / sizeof(image_formats[0]);

/* Lays the planes out: 0 when the format is not known. Real drivers align too, so that a pitch is not the width. */
static int lay_out(struct Pixels *pixels)
{
    int width = (pixels->width + 127) & ~127, height = (pixels->height + 31) & ~31;
    int bytes_per_pixel;
    switch (pixels->fourcc) {
    case VA_FOURCC_NV12:
    case VA_FOURCC_P010:
        pixels->planes = 2;
        pixels->pitches[0] = pixels->pitches[1] = pixels->fourcc == VA_FOURCC_P010 ? 2 * width : width;
        pixels->offsets[1] = (uint32_t)(pixels->pitches[0] * height);
        pixels->size = (size_t)pixels->pitches[0] * height * 3 / 2;
        return 1;
    case VA_FOURCC_I420:
    case VA_FOURCC_YV12:
        pixels->planes = 3;
        pixels->pitches[0] = width;
        pixels->pitches[1] = pixels->pitches[2] = width / 2;
        pixels->offsets[1] = (uint32_t)(width * height);
        pixels->offsets[2] = pixels->offsets[1] + (uint32_t)(width / 2 * (height / 2));
        pixels->size = (size_t)width * height * 3 / 2;
        return 1;
    case VA_FOURCC_YUY2:
    case VA_FOURCC_UYVY: bytes_per_pixel = 2; break;
    case VA_FOURCC_BGRA:
    case VA_FOURCC_RGBA:
    case VA_FOURCC_BGRX: bytes_per_pixel = 4; break;
    default: return 0;
    }
    pixels->planes = 1;
    pixels->pitches[0] = bytes_per_pixel * width;
    pixels->size = (size_t)pixels->pitches[0] * height;
    return 1;
}

static struct Pixels *new_pixels(uint32_t fourcc, int width, int height)
{
    struct Pixels *pixels = calloc(1, sizeof(*pixels));
    if (!pixels)
        return NULL;
    pixels->fourcc = fourcc;
    pixels->width = width;
    pixels->height = height;
    pixels->references = 1;
    if (!lay_out(pixels) || posix_memalign((void **)&pixels->bytes, 4096, pixels->size)) {
        free(pixels);
        return NULL;
    }
    memset(pixels->bytes, 0x80, pixels->size);
    return pixels;
}

static void release_pixels(struct Pixels *pixels)
{
    if (--pixels->references > 0)
        return;
    free(pixels->bytes);
    free(pixels);
}

/* A free place in a table; OBJECTS when it is full. */
static unsigned free_place(void *const *table)
{
    unsigned place = 0;
    while (place < OBJECTS && table[place])
        place++;
    return place;
}

static struct Pixels *surface_of(VASurfaceID id)
{
    unsigned place = id - SURFACE_IDS;
    return place < OBJECTS ? surfaces[place] : NULL;
}

static struct Image *image_of(VAImageID id)
{
    unsigned place = id - IMAGE_IDS;
    return place < OBJECTS ? images[place] : NULL;
}

static VAStatus create_surface(uint32_t fourcc, int width, int height, VASurfaceID *id)
{
    unsigned place = free_place((void *const *)surfaces);
    if (place == OBJECTS)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    surfaces[place] = new_pixels(fourcc, width, height);
    *id = SURFACE_IDS + place;
    return surfaces[place] ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
}

VAStatus create_surfaces(uint32_t fourcc, int width, int height, VASurfaceID *ids, unsigned count)
{
    VAStatus status = VA_STATUS_SUCCESS;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < count && status == VA_STATUS_SUCCESS; i++)
        status = create_surface(fourcc, width, height, &ids[i]);
    pthread_mutex_unlock(&lock);
    return status;
}

void destroy_surfaces(const VASurfaceID *ids, int count)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        struct Pixels *pixels = surface_of(ids[i]);
        if (!pixels)
            continue;
        release_pixels(pixels);
        surfaces[ids[i] - SURFACE_IDS] = NULL;
    }
    pthread_mutex_unlock(&lock);
}

static VAStatus describe_image(struct Pixels *pixels, VAImage *image)
{
    unsigned place = free_place((void *const *)images);
    struct Image *made = place < OBJECTS ? calloc(1, sizeof(*made)) : NULL;
    if (!made)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    made->pixels = pixels;
    VAImage *description = &made->description;
    description->image_id = IMAGE_IDS + place;
    description->buf = IMAGE_BUFFER_IDS + place;
    description->width = (uint16_t)pixels->width;
    description->height = (uint16_t)pixels->height;
    description->data_size = (uint32_t)pixels->size;
    description->num_planes = (uint32_t)pixels->planes;
    for (int i = 0; i < image_format_count; i++)
        if (image_formats[i].fourcc == pixels->fourcc)
            description->format = image_formats[i];
    for (int i = 0; i < pixels->planes; i++) {
        description->offsets[i] = pixels->offsets[i];
        description->pitches[i] = (uint32_t)pixels->pitches[i];
    }
    images[place] = made;
    *image = *description;
    return VA_STATUS_SUCCESS;
}

VAStatus create_image(uint32_t fourcc, int width, int height, VAImage *image)
{
    pthread_mutex_lock(&lock);
    struct Pixels *pixels = new_pixels(fourcc, width, height);
    VAStatus status = pixels ? describe_image(pixels, image) : VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
    if (pixels && status != VA_STATUS_SUCCESS)
        release_pixels(pixels);
    pthread_mutex_unlock(&lock);
    return status;
}

VAStatus derive_image(VASurfaceID surface, VAImage *image)
{
    pthread_mutex_lock(&lock);
    struct Pixels *pixels = surface_of(surface);
    VAStatus status = pixels ? describe_image(pixels, image) : VA_STATUS_ERROR_INVALID_SURFACE;
    if (status == VA_STATUS_SUCCESS)
        pixels->references++;
    pthread_mutex_unlock(&lock);
    return status;
}

VAStatus destroy_image(VAImageID id)
{
    pthread_mutex_lock(&lock);
    struct Image *image = image_of(id);
    if (image) {
        release_pixels(image->pixels);
        free(image);
        images[id - IMAGE_IDS] = NULL;
    }
    pthread_mutex_unlock(&lock);
    return image ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_IMAGE;
}

static VAStatus copy_pixels(const struct Pixels *to, const struct Pixels *from, unsigned wanted_rows)
{
    if (to->fourcc != from->fourcc)
        return VA_STATUS_ERROR_OPERATION_FAILED;
    int height = to->height < from->height ? to->height : from->height;
    int rows = (int)wanted_rows < height ? (int)wanted_rows : height;
    for (int plane = 0; plane < to->planes; plane++) {
        int pitch = to->pitches[plane] < from->pitches[plane] ? to->pitches[plane] : from->pitches[plane];
        for (int row = 0; row < (plane ? (rows + 1) / 2 : rows); row++)
            memcpy(to->bytes + to->offsets[plane] + (size_t)row * to->pitches[plane],
                   from->bytes + from->offsets[plane] + (size_t)row * from->pitches[plane], (size_t)pitch);
    }
    return VA_STATUS_SUCCESS;
}

VAStatus copy_to_image(VASurfaceID surface, VAImageID id, unsigned width, unsigned height)
{
    (void)width;
    pthread_mutex_lock(&lock);
    const struct Pixels *pixels = surface_of(surface);
    const struct Image *image = image_of(id);
    VAStatus status = pixels && image ? copy_pixels(image->pixels, pixels, height) : VA_STATUS_ERROR_OPERATION_FAILED;
    pthread_mutex_unlock(&lock);
    return status;
}

VAStatus copy_to_surface(VASurfaceID surface, VAImageID id, unsigned width, unsigned height)
{
    (void)width;
    pthread_mutex_lock(&lock);
    const struct Pixels *pixels = surface_of(surface);
    const struct Image *image = image_of(id);
    VAStatus status = pixels && image ? copy_pixels(pixels, image->pixels, height) : VA_STATUS_ERROR_OPERATION_FAILED;
    pthread_mutex_unlock(&lock);
    return status;
}

VAStatus map_image(VABufferID id, void **data)
{
    unsigned place = id - IMAGE_BUFFER_IDS;
    pthread_mutex_lock(&lock);
    *data = place < OBJECTS && images[place] ? images[place]->pixels->bytes : NULL;
    pthread_mutex_unlock(&lock);
    return *data ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_BUFFER;
}

int view_surface(VASurfaceID id, struct SurfaceView *view)
{
    pthread_mutex_lock(&lock);
    const struct Pixels *pixels = surface_of(id);
    if (pixels) {
        *view = (struct SurfaceView){ .fourcc = pixels->fourcc, .width = pixels->width, .height = pixels->height };
        for (int plane = 0; plane < pixels->planes; plane++) {
            view->pitches[plane] = pixels->pitches[plane];
            view->data[plane] = pixels->bytes + pixels->offsets[plane];
        }
    }
    pthread_mutex_unlock(&lock);
    return pixels != NULL;
}

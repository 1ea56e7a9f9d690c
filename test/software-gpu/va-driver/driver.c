/*
 * iHD_drv_video.so: a VA-API driver with surfaces, images and encoders. FFmpeg keeps a Quick Sync device's frames on
 * it, and encodes through it where that is what it is told. Its decoders are listed, as the iHD driver lists them, and
 * refuse to work.
 */
#define _GNU_SOURCE
#include <string.h>
#include <va/va_backend.h>
#include <va/va_backend_vpp.h>

#include "abilities.h"
#include "buffers.h"
#include "failures.h"
#include "memory.h"
#include "pipeline.h"

/* Vendor and device: the same as the runtime's, as VADisplayPCIID has them. */
#define PRETENDED_PCI_ID 0x808656a0

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define REFUSED                                  \
    {                                            \
        return VA_STATUS_ERROR_UNIMPLEMENTED;    \
    }
#define ACCEPTED                    \
    {                               \
        return VA_STATUS_SUCCESS;   \
    }

static VAStatus Terminate(VADriverContextP context) ACCEPTED

static VAStatus QueryConfigProfiles(VADriverContextP context, VAProfile *profiles, int *count)
{
    *count = list_profiles(profiles);
    return VA_STATUS_SUCCESS;
}

static VAStatus QueryConfigEntrypoints(VADriverContextP context, VAProfile profile, VAEntrypoint *entries, int *count)
{
    *count = list_entry_points(profile, entries);
    return *count ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
}

static VAStatus GetConfigAttributes(VADriverContextP context, VAProfile profile, VAEntrypoint entry,
                                    VAConfigAttrib *attributes, int count)
{
    for (int i = 0; i < count; i++)
        attributes[i].value = attribute_of(profile, entry, attributes[i].type);
    return VA_STATUS_SUCCESS;
}

static VAStatus CreateConfig(VADriverContextP context, VAProfile profile, VAEntrypoint entry, VAConfigAttrib *attributes,
                             int count, VAConfigID *id)
{
    return create_config(profile, entry, attributes, count, id);
}

static VAStatus DestroyConfig(VADriverContextP context, VAConfigID id)
{
    return destroy_config(id);
}

static VAStatus QueryConfigAttributes(VADriverContextP context, VAConfigID id, VAProfile *profile, VAEntrypoint *entry,
                                      VAConfigAttrib *attributes, int *count)
{
    *count = 0;
    return describe_config(id, profile, entry);
}

static VAStatus CreateSurfaces2(VADriverContextP context, unsigned format, unsigned width, unsigned height,
                                VASurfaceID *ids, unsigned count, VASurfaceAttrib *attributes, unsigned attribute_count)
{
    VAStatus failure = injected_failure(FAILURE_SURFACE);
    if (failure != VA_STATUS_SUCCESS)
        return failure;
    uint32_t fourcc = format == VA_RT_FORMAT_YUV420_10 ? VA_FOURCC_P010
                      : format == VA_RT_FORMAT_RGB32   ? VA_FOURCC_BGRA
                                                       : VA_FOURCC_NV12;
    for (unsigned i = 0; i < attribute_count; i++)
        if (attributes[i].type == VASurfaceAttribPixelFormat && attributes[i].flags & VA_SURFACE_ATTRIB_SETTABLE)
            fourcc = (uint32_t)attributes[i].value.value.i;
    return create_surfaces(fourcc, (int)width, (int)height, ids, count);
}

static VAStatus CreateSurfaces(VADriverContextP context, int width, int height, int format, int count, VASurfaceID *ids)
{
    return CreateSurfaces2(context, (unsigned)format, (unsigned)width, (unsigned)height, ids, (unsigned)count, NULL, 0);
}

static VAStatus DestroySurfaces(VADriverContextP context, VASurfaceID *ids, int count)
{
    destroy_surfaces(ids, count);
    return VA_STATUS_SUCCESS;
}

static VASurfaceAttrib surface_attribute(VASurfaceAttribType type, unsigned flags, int value)
{
    VASurfaceAttrib attribute = { .type = type, .flags = flags };
    attribute.value.type = VAGenericValueTypeInteger;
    attribute.value.value.i = value;
    return attribute;
}

static VAStatus QuerySurfaceAttributes(VADriverContextP context, VAConfigID config, VASurfaceAttrib *attributes,
                                       unsigned *count)
{
    static const struct {
        VASurfaceAttribType type;
        int value;
    } limits[] = {
        { VASurfaceAttribMinWidth, 16 },
        { VASurfaceAttribMinHeight, 16 },
        { VASurfaceAttribMaxWidth, 16384 },
        { VASurfaceAttribMaxHeight, 16384 },
    };
    const unsigned limit_count = sizeof(limits) / sizeof(limits[0]);
    *count = (unsigned)image_format_count + limit_count;
    if (!attributes)
        return VA_STATUS_SUCCESS;
    const unsigned settable = VA_SURFACE_ATTRIB_GETTABLE | VA_SURFACE_ATTRIB_SETTABLE;
    for (int i = 0; i < image_format_count; i++)
        attributes[i] = surface_attribute(VASurfaceAttribPixelFormat, settable, (int)image_formats[i].fourcc);
    for (unsigned i = 0; i < limit_count; i++)
        attributes[(unsigned)image_format_count + i] =
            surface_attribute(limits[i].type, VA_SURFACE_ATTRIB_GETTABLE, limits[i].value);
    return VA_STATUS_SUCCESS;
}

static VAStatus CreateContext(VADriverContextP context, VAConfigID config, int width, int height, int flags,
                              VASurfaceID *targets, int count, VAContextID *id)
{
    return create_context(config, width, height, id);
}

static VAStatus DestroyContext(VADriverContextP context, VAContextID id)
{
    return destroy_context(id);
}

static VAStatus CreateBuffer(VADriverContextP context, VAContextID owner, VABufferType type, unsigned size,
                             unsigned count, void *data, VABufferID *id)
{
    return create_buffer(type, size, count, data, id);
}

static VAStatus BufferSetNumElements(VADriverContextP context, VABufferID id, unsigned count) ACCEPTED

static VAStatus MapBuffer(VADriverContextP context, VABufferID id, void **data)
{
    return map_image(id, data) == VA_STATUS_SUCCESS ? VA_STATUS_SUCCESS : map_buffer(id, data);
}

static VAStatus UnmapBuffer(VADriverContextP context, VABufferID id) ACCEPTED

static VAStatus DestroyBuffer(VADriverContextP context, VABufferID id)
{
    destroy_buffer(id);
    return VA_STATUS_SUCCESS;
}

static VAStatus BeginPicture(VADriverContextP context, VAContextID id, VASurfaceID surface)
{
    return begin_picture(id, surface);
}

static VAStatus RenderPicture(VADriverContextP context, VAContextID id, VABufferID *buffers, int count)
{
    return render_picture(id, buffers, count);
}

static VAStatus EndPicture(VADriverContextP context, VAContextID id)
{
    return end_picture(id);
}

/* Every operation is finished when its call returns. */
static VAStatus SyncSurface(VADriverContextP context, VASurfaceID surface) ACCEPTED
static VAStatus SyncSurface2(VADriverContextP context, VASurfaceID surface, uint64_t timeout) ACCEPTED

static VAStatus SyncBuffer(VADriverContextP context, VABufferID buffer, uint64_t timeout)
{
    return sync_coded_buffer(buffer);
}

static VAStatus QuerySurfaceStatus(VADriverContextP context, VASurfaceID surface, VASurfaceStatus *status)
{
    *status = VASurfaceReady;
    return VA_STATUS_SUCCESS;
}

static VAStatus QueryImageFormats(VADriverContextP context, VAImageFormat *formats, int *count)
{
    memcpy(formats, image_formats, (size_t)image_format_count * sizeof(*formats));
    *count = image_format_count;
    return VA_STATUS_SUCCESS;
}

static VAStatus CreateImage(VADriverContextP context, VAImageFormat *format, int width, int height, VAImage *image)
{
    return create_image(format->fourcc, width, height, image);
}

static VAStatus DeriveImage(VADriverContextP context, VASurfaceID surface, VAImage *image)
{
    return derive_image(surface, image);
}

static VAStatus DestroyImage(VADriverContextP context, VAImageID image)
{
    return destroy_image(image);
}

static VAStatus SetImagePalette(VADriverContextP context, VAImageID image, unsigned char *palette) ACCEPTED

/* FFmpeg copies whole pictures; a part from elsewhere than the upper left corner is not taken. */
static VAStatus GetImage(VADriverContextP context, VASurfaceID surface, int x, int y, unsigned width, unsigned height,
                         VAImageID image)
{
    return x || y ? VA_STATUS_ERROR_OPERATION_FAILED : copy_to_image(surface, image, width, height);
}

static VAStatus PutImage(VADriverContextP context, VASurfaceID surface, VAImageID image, int source_x, int source_y,
                         unsigned source_width, unsigned source_height, int x, int y, unsigned width, unsigned height)
{
    if (source_x || source_y || x || y)
        return VA_STATUS_ERROR_OPERATION_FAILED;
    return copy_to_surface(surface, image, source_width, source_height);
}

static VAStatus QuerySubpictureFormats(VADriverContextP context, VAImageFormat *formats, unsigned *flags, unsigned *count)
{
    *count = 0;
    return VA_STATUS_SUCCESS;
}

static VAStatus CreateSubpicture(VADriverContextP context, VAImageID image, VASubpictureID *id) REFUSED
static VAStatus DestroySubpicture(VADriverContextP context, VASubpictureID id) REFUSED
static VAStatus SetSubpictureImage(VADriverContextP context, VASubpictureID id, VAImageID image) REFUSED
static VAStatus SetSubpictureChromakey(VADriverContextP context, VASubpictureID id, unsigned min, unsigned max,
                                       unsigned mask) REFUSED
static VAStatus SetSubpictureGlobalAlpha(VADriverContextP context, VASubpictureID id, float alpha) REFUSED
static VAStatus AssociateSubpicture(VADriverContextP context, VASubpictureID id, VASurfaceID *targets, int count,
                                    int16_t source_x, int16_t source_y, uint16_t source_width, uint16_t source_height,
                                    int16_t x, int16_t y, uint16_t width, uint16_t height, uint32_t flags) REFUSED
static VAStatus DeassociateSubpicture(VADriverContextP context, VASubpictureID id, VASurfaceID *targets, int count) REFUSED

static VAStatus QueryDisplayAttributes(VADriverContextP context, VADisplayAttribute *attributes, int *count)
{
    memset(attributes, 0, sizeof(*attributes));
    attributes->type = VADisplayPCIID;
    attributes->flags = VA_DISPLAY_ATTRIB_GETTABLE;
    attributes->value = (int32_t)PRETENDED_PCI_ID;
    *count = 1;
    return VA_STATUS_SUCCESS;
}

static VAStatus GetDisplayAttributes(VADriverContextP context, VADisplayAttribute *attributes, int count)
{
    for (int i = 0; i < count; i++) {
        int known = attributes[i].type == VADisplayPCIID;
        attributes[i].flags = known ? VA_DISPLAY_ATTRIB_GETTABLE : VA_DISPLAY_ATTRIB_NOT_SUPPORTED;
        if (known)
            attributes[i].min_value = attributes[i].max_value = attributes[i].value = (int32_t)PRETENDED_PCI_ID;
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus SetDisplayAttributes(VADriverContextP context, VADisplayAttribute *attributes, int count) REFUSED

/* The name by which libva finds a driver; a driver of 1.10 serves every later libva 2.x. */
__attribute__((visibility("default"))) VAStatus __vaDriverInit_1_10(VADriverContextP context)
{
    context->version_major = 1;
    context->version_minor = 10;
    context->max_profiles = 16;
    context->max_entrypoints = 4;
    context->max_attributes = 64;
    context->max_image_formats = image_format_count;
    context->max_subpic_formats = 1;
    context->max_display_attributes = 1;
    context->str_vendor = "Intel iHD driver for Intel(R) Gen Graphics - software stand-in for tests";
    struct VADriverVTable *table = context->vtable;
#define SET(function) table->va##function = function
    SET(Terminate);
    SET(QueryConfigProfiles);
    SET(QueryConfigEntrypoints);
    SET(GetConfigAttributes);
    SET(CreateConfig);
    SET(DestroyConfig);
    SET(QueryConfigAttributes);
    SET(CreateSurfaces);
    SET(CreateSurfaces2);
    SET(DestroySurfaces);
    SET(QuerySurfaceAttributes);
    SET(CreateContext);
    SET(DestroyContext);
    SET(CreateBuffer);
    SET(BufferSetNumElements);
    SET(MapBuffer);
    SET(UnmapBuffer);
    SET(DestroyBuffer);
    SET(BeginPicture);
    SET(RenderPicture);
    SET(EndPicture);
    SET(SyncSurface);
    SET(SyncSurface2);
    SET(SyncBuffer);
    SET(QuerySurfaceStatus);
    SET(QueryImageFormats);
    SET(CreateImage);
    SET(DeriveImage);
    SET(DestroyImage);
    SET(SetImagePalette);
    SET(GetImage);
    SET(PutImage);
    SET(QuerySubpictureFormats);
    SET(CreateSubpicture);
    SET(DestroySubpicture);
    SET(SetSubpictureImage);
    SET(SetSubpictureChromakey);
    SET(SetSubpictureGlobalAlpha);
    SET(AssociateSubpicture);
    SET(DeassociateSubpicture);
    SET(QueryDisplayAttributes);
    SET(GetDisplayAttributes);
    SET(SetDisplayAttributes);
    return VA_STATUS_SUCCESS;
}

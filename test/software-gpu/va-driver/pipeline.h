/* Configurations and contexts of the VA driver, and the pictures that go through them. */
#pragma once
#include <va/va_backend.h>

VAStatus create_config(VAProfile profile, VAEntrypoint entry, const VAConfigAttrib *attributes, int count,
                       VAConfigID *id);
VAStatus destroy_config(VAConfigID id);
/* VA_STATUS_ERROR_INVALID_CONFIG when there is none. */
VAStatus describe_config(VAConfigID id, VAProfile *profile, VAEntrypoint *entry);

VAStatus create_context(VAConfigID config, int width, int height, VAContextID *id);
VAStatus destroy_context(VAContextID id);

/* A picture: what it reads or writes, its parameters, and its work, which is done when this returns. */
VAStatus begin_picture(VAContextID id, VASurfaceID surface);
VAStatus render_picture(VAContextID id, const VABufferID *buffers, int count);
VAStatus end_picture(VAContextID id);

/* VA_STATUS_SUCCESS, or how SOFTWARE_GPU_FAIL lets a wait for a coded picture end. */
VAStatus sync_coded_buffer(VABufferID id);

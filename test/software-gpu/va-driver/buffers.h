/* Buffers of the VA driver: parameters from the application, and coded pictures for it. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <va/va_backend.h>

/* What a buffer holds: `count` structures of `size` bytes. Valid while the buffer lives. */
struct BufferView {
    VABufferType type;
    unsigned size, count;
    const void *data;
};

VAStatus create_buffer(VABufferType type, unsigned size, unsigned count, const void *data, VABufferID *id);

/* Where the bytes of a buffer are; of a coded picture its VACodedBufferSegment. */
VAStatus map_buffer(VABufferID id, void **data);

void destroy_buffer(VABufferID id);

/* 0 when there is no such buffer. */
int view_buffer(VABufferID id, struct BufferView *view);

/* Puts a coded picture into the buffer that the application has made for it. */
VAStatus fill_coded_buffer(VABufferID id, const uint8_t *bytes, size_t size);

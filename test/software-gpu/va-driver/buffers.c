#define _GNU_SOURCE
#include "buffers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct Buffer {
    VABufferType type;
    unsigned size, count;
    VACodedBufferSegment segment; /* of coded pictures */
    uint8_t bytes[];
};

static struct Buffer *buffers[OBJECTS];
/* FFmpeg's filters and encoder run in threads of their own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct Buffer *buffer_of(VABufferID id)
{
    unsigned place = id - BUFFER_IDS;
    return place < OBJECTS ? buffers[place] : NULL;
}

VAStatus create_buffer(VABufferType type, unsigned size, unsigned count, const void *data, VABufferID *id)
{
    size_t bytes = (size_t)size * count;
    struct Buffer *buffer = calloc(1, sizeof(*buffer) + bytes);
    if (!buffer)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    buffer->type = type;
    buffer->size = size;
    buffer->count = count;
    if (data)
        memcpy(buffer->bytes, data, bytes);
    pthread_mutex_lock(&lock);
    unsigned place = 0;
    while (place < OBJECTS && buffers[place])
        place++;
    if (place < OBJECTS) {
        buffers[place] = buffer;
        *id = BUFFER_IDS + place;
    }
    pthread_mutex_unlock(&lock);
    if (place < OBJECTS)
        return VA_STATUS_SUCCESS;
    free(buffer);
    return VA_STATUS_ERROR_ALLOCATION_FAILED;
}

VAStatus map_buffer(VABufferID id, void **data)
{
    pthread_mutex_lock(&lock);
    struct Buffer *buffer = buffer_of(id);
    *data = !buffer                                   ? NULL
            : buffer->type == VAEncCodedBufferType ? (void *)&buffer->segment
                                                      : (void *)buffer->bytes;
    pthread_mutex_unlock(&lock);
    return *data ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_BUFFER;
}

void destroy_buffer(VABufferID id)
{
    pthread_mutex_lock(&lock);
    struct Buffer *buffer = buffer_of(id);
    if (buffer)
        buffers[id - BUFFER_IDS] = NULL;
    pthread_mutex_unlock(&lock);
    free(buffer);
}

int view_buffer(VABufferID id, struct BufferView *view)
{
    pthread_mutex_lock(&lock);
    const struct Buffer *buffer = buffer_of(id);
    if (buffer)
        *view = (struct BufferView){ buffer->type, buffer->size, buffer->count, buffer->bytes };
    pthread_mutex_unlock(&lock);
    return buffer != NULL;
}

VAStatus fill_coded_buffer(VABufferID id, const uint8_t *bytes, size_t size)
{
    VAStatus status = VA_STATUS_SUCCESS;
    pthread_mutex_lock(&lock);
    struct Buffer *buffer = buffer_of(id);
    if (!buffer || buffer->type != VAEncCodedBufferType) {
        status = VA_STATUS_ERROR_INVALID_BUFFER;
    } else if (size > (size_t)buffer->size * buffer->count) {
        status = VA_STATUS_ERROR_NOT_ENOUGH_BUFFER;
    } else {
        memcpy(buffer->bytes, bytes, size);
        buffer->segment = (VACodedBufferSegment){ .size = (uint32_t)size, .buf = buffer->bytes };
    }
    pthread_mutex_unlock(&lock);
    return status;
}

/* What the driver says it can do: profiles, entry points, attributes; less what SOFTWARE_GPU_REFUSE takes away. */
#pragma once
#include <stdint.h>
#include <va/va_backend.h>

/* Name of the codec of a profile; NULL for what is no codec, or not known. */
const char *codec_of(VAProfile profile);

/* Short name of a profile, for the trace. */
const char *profile_name(VAProfile profile);

/* Write what is offered and answer its number; the arrays have room for max_profiles and max_entrypoints. */
int list_profiles(VAProfile *profiles);
int list_entry_points(VAProfile profile, VAEntrypoint *entries);

int is_offered(VAProfile profile, VAEntrypoint entry);
int is_encoding(VAEntrypoint entry);

/* The value of an attribute; VA_ATTRIB_NOT_SUPPORTED where there is nothing to say. */
uint32_t attribute_of(VAProfile profile, VAEntrypoint entry, VAConfigAttribType type);

/* Longest side of a picture in pixels. */
int longest_side(VAProfile profile);

#include "abilities.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../shared/switches.h"

static const struct Known {
    VAProfile profile;
    const char *name, *codec;
} known[] = {
    { VAProfileNone, "None", NULL },
    { VAProfileH264ConstrainedBaseline, "ConstrainedBaseline", "h264" },
    { VAProfileH264Main, "Main", "h264" },
    { VAProfileH264High, "High", "h264" },
    { VAProfileHEVCMain, "Main", "hevc" },
    { VAProfileHEVCMain10, "Main10", "hevc" },
    { VAProfileVP9Profile0, "Profile0", "vp9" },
    { VAProfileVP9Profile2, "Profile2", "vp9" },
    { VAProfileAV1Profile0, "Profile0", "av1" },
};
static const int known_count = sizeof(known) / sizeof(known[0]);

static const struct Known *known_profile(VAProfile profile)
{
    for (int i = 0; i < known_count; i++)
        if (known[i].profile == profile)
            return &known[i];
    return NULL;
}

const char *codec_of(VAProfile profile)
{
    const struct Known *entry = known_profile(profile);
    return entry ? entry->codec : NULL;
}

const char *profile_name(VAProfile profile)
{
    const struct Known *entry = known_profile(profile);
    return entry ? entry->name : "unknown";
}

int list_profiles(VAProfile *profiles)
{
    for (int i = 0; i < known_count; i++)
        profiles[i] = known[i].profile;
    return known_count;
}

/* Whether encoding is offered at all; words of this driver begin with "va-", those of the runtime do not. */
static int encodes(const char *codec)
{
    char word[16];
    snprintf(word, sizeof(word), "va-%s", codec);
    return !refused("va-encode") && !refused(word);
}

int list_entry_points(VAProfile profile, VAEntrypoint *entries)
{
    const struct Known *entry = known_profile(profile);
    int count = 0;
    if (!entry)
        return 0;
    if (!entry->codec) {
        entries[count++] = VAEntrypointVideoProc;
        return count;
    }
    entries[count++] = VAEntrypointVLD;
    if (encodes(entry->codec) && !refused("va-nolowpower"))
        entries[count++] = VAEntrypointEncSlice;
    if (encodes(entry->codec) && !refused("va-lowpower"))
        entries[count++] = VAEntrypointEncSliceLP;
    return count;
}

int is_offered(VAProfile profile, VAEntrypoint entry)
{
    VAEntrypoint entries[4];
    int count = list_entry_points(profile, entries);
    for (int i = 0; i < count; i++)
        if (entries[i] == entry)
            return 1;
    return 0;
}

int is_encoding(VAEntrypoint entry)
{
    return entry == VAEntrypointEncSlice || entry == VAEntrypointEncSliceLP;
}

int longest_side(VAProfile profile)
{
    const char *codec = codec_of(profile);
    return codec && !strcmp(codec, "h264") ? 4096 : codec ? 8192 : 16384;
}

static uint32_t rate_controls(VAEntrypoint entry)
{
    static const struct {
        const char *word;
        uint32_t mode;
    } modes[] = {
        { "va-cqp", VA_RC_CQP }, { "va-cbr", VA_RC_CBR },   { "va-vbr", VA_RC_VBR },
        { "va-icq", VA_RC_ICQ }, { "va-qvbr", VA_RC_QVBR },
    };
    /* The low-power engine's rate control runs in HuC firmware. */
    if (entry == VAEntrypointEncSliceLP && refused("nohuc"))
        return VA_RC_CQP;
    uint32_t offered = VA_RC_MB;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (!refused(modes[i].word))
            offered |= modes[i].mode;
    return offered;
}

/* What libx265 is told to do without is not offered: see encoder.c and hevc_slices.c. */
static uint32_t hevc_features(void)
{
    VAConfigAttribValEncHEVCFeatures features = { .bits = { .cu_qp_delta = VA_FEATURE_SUPPORTED } };
    return features.value;
}

/* Coding blocks of 8 to 32 pixels, transform blocks of 4 to 32, no hierarchy below. */
static uint32_t hevc_block_sizes(void)
{
    VAConfigAttribValEncHEVCBlockSizes sizes = { .bits = {
        .log2_max_coding_tree_block_size_minus3 = 2, .log2_min_coding_tree_block_size_minus3 = 2,
        .log2_max_luma_transform_block_size_minus2 = 3,
    } };
    return sizes.value;
}

static uint32_t av1_limits(void)
{
    VAConfigAttribValEncAV1Ext2 limits = { .bits = {
        .tile_size_bytes_minus1 = 3, .obu_size_bytes_minus1 = 3, .tx_mode_support = 6, .max_tile_num_minus1 = 63,
    } };
    return limits.value;
}

static uint32_t encoding_attribute(const char *codec, VAEntrypoint entry, VAConfigAttribType type)
{
    switch (type) {
    case VAConfigAttribRTFormat: return VA_RT_FORMAT_YUV420 | (refused("va-10bit") ? 0 : VA_RT_FORMAT_YUV420_10);
    case VAConfigAttribRateControl: return rate_controls(entry);
    /* The software encoders write the headers; what the application packs is taken as iHD takes it, and traced. */
    case VAConfigAttribEncPackedHeaders:
        return VA_ENC_PACKED_HEADER_SEQUENCE | VA_ENC_PACKED_HEADER_PICTURE | VA_ENC_PACKED_HEADER_SLICE |
               VA_ENC_PACKED_HEADER_MISC | VA_ENC_PACKED_HEADER_RAW_DATA;
    /* One reference in the past and none in the future: no B frames, so that each picture gives its own data. */
    case VAConfigAttribEncMaxRefFrames: return 1;
    case VAConfigAttribEncMaxSlices: return 1;
    case VAConfigAttribEncQualityRange: return 7;
    case VAConfigAttribEncHEVCFeatures: return strcmp(codec, "hevc") ? VA_ATTRIB_NOT_SUPPORTED : hevc_features();
    case VAConfigAttribEncHEVCBlockSizes: return strcmp(codec, "hevc") ? VA_ATTRIB_NOT_SUPPORTED : hevc_block_sizes();
    case VAConfigAttribEncAV1:
    case VAConfigAttribEncAV1Ext1: return strcmp(codec, "av1") ? VA_ATTRIB_NOT_SUPPORTED : 0;
    case VAConfigAttribEncAV1Ext2: return strcmp(codec, "av1") ? VA_ATTRIB_NOT_SUPPORTED : av1_limits();
    default: return VA_ATTRIB_NOT_SUPPORTED;
    }
}

uint32_t attribute_of(VAProfile profile, VAEntrypoint entry, VAConfigAttribType type)
{
    if (type == VAConfigAttribMaxPictureWidth || type == VAConfigAttribMaxPictureHeight)
        return (uint32_t)longest_side(profile);
    if (is_encoding(entry))
        return encoding_attribute(codec_of(profile), entry, type);
    if (type == VAConfigAttribRTFormat)
        return VA_RT_FORMAT_YUV420 | VA_RT_FORMAT_YUV420_10 | VA_RT_FORMAT_RGB32;
    return VA_ATTRIB_NOT_SUPPORTED;
}

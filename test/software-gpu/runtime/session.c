/* Sessions, and the functions of VPL's core: handles, allocator, platform, synchronisation. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "description.h"
#include "switches.h"

/* VPL's interface of parameters as text; FFmpeg hands the pairs of -qsv_params to it. */
static mfxStatus set_parameter(struct mfxConfigInterface *interface, const mfxU8 *key, const mfxU8 *value,
                               mfxStructureType type, mfxHDL structure, mfxExtBuffer *extension)
{
    (void)interface;
    (void)type;
    (void)extension;
    mfxVideoParam *parameters = structure;
    mfxU16 number = (mfxU16)atoi((const char *)value);
    if (!strcmp((const char *)key, "TargetKbps"))
        parameters->mfx.TargetKbps = number;
    else if (!strcmp((const char *)key, "GopPicSize"))
        parameters->mfx.GopPicSize = number;
    else
        return MFX_ERR_NOT_FOUND;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXInitialize(mfxInitializationParam parameters, mfxSession *handle)
{
    (void)parameters;
    mfxStatus status = injected_failure(STAGE_SESSION);
    if (status != MFX_ERR_NONE)
        return status;
    struct Session *session = calloc(1, sizeof(*session));
    if (!session)
        return MFX_ERR_MEMORY_ALLOC;
    session->config.Context = session;
    session->config.Version.Major = 1;
    session->config.SetParameter = set_parameter;
    *handle = (mfxSession)session;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXInitEx(mfxInitParam parameters, mfxSession *handle)
{
    (void)parameters;
    return MFXInitialize((mfxInitializationParam){ 0 }, handle);
}

EXPORT mfxStatus MFXInit(mfxIMPL implementation, mfxVersion *version, mfxSession *handle)
{
    (void)implementation;
    (void)version;
    return MFXInitialize((mfxInitializationParam){ 0 }, handle);
}

EXPORT mfxStatus MFXClose(mfxSession handle)
{
    if (!handle)
        return MFX_ERR_INVALID_HANDLE;
    struct Session *session = session_of(handle);
    free_encoder(session);
    free_decoder(session);
    free_processor(session);
    free(session);
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXCloneSession(mfxSession handle, mfxSession *clone)
{
    mfxStatus status = MFXInitialize((mfxInitializationParam){ 0 }, clone);
    if (status == MFX_ERR_NONE)
        session_of(*clone)->display = session_of(handle)->display;
    return status;
}

EXPORT mfxStatus MFXQueryIMPL(mfxSession handle, mfxIMPL *implementation)
{
    (void)handle;
    *implementation = MFX_IMPL_HARDWARE | MFX_IMPL_VIA_VAAPI;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXQueryVersion(mfxSession handle, mfxVersion *version)
{
    (void)handle;
    *version = claimed_version();
    return MFX_ERR_NONE;
}

/* Joined sessions share a scheduler in the real runtime; here every call is done when it returns. */
EXPORT mfxStatus MFXJoinSession(mfxSession handle, mfxSession child)
{
    return handle && child ? MFX_ERR_NONE : MFX_ERR_INVALID_HANDLE;
}

EXPORT mfxStatus MFXDisjoinSession(mfxSession handle)
{
    return handle ? MFX_ERR_NONE : MFX_ERR_INVALID_HANDLE;
}

EXPORT mfxStatus MFXSetPriority(mfxSession handle, mfxPriority priority)
{
    (void)priority;
    return handle ? MFX_ERR_NONE : MFX_ERR_INVALID_HANDLE;
}

EXPORT mfxStatus MFXGetPriority(mfxSession handle, mfxPriority *priority)
{
    *priority = MFX_PRIORITY_NORMAL;
    return handle ? MFX_ERR_NONE : MFX_ERR_INVALID_HANDLE;
}

EXPORT mfxStatus MFXVideoCORE_SetFrameAllocator(mfxSession handle, mfxFrameAllocator *allocator)
{
    if (!allocator)
        return MFX_ERR_NULL_PTR;
    session_of(handle)->allocator = *allocator;
    session_of(handle)->has_allocator = 1;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoCORE_SetHandle(mfxSession handle, mfxHandleType type, mfxHDL value)
{
    struct Session *session = session_of(handle);
    if (!value)
        return MFX_ERR_INVALID_HANDLE;
    if (type != MFX_HANDLE_VA_DISPLAY)
        return MFX_ERR_NONE;
    if (session->display)
        return MFX_ERR_UNDEFINED_BEHAVIOR;
    session->display = value;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoCORE_GetHandle(mfxSession handle, mfxHandleType type, mfxHDL *value)
{
    struct Session *session = session_of(handle);
    if (type == MFX_HANDLE_CONFIG_INTERFACE) {
        *value = &session->config;
        return MFX_ERR_NONE;
    }
    if (type != MFX_HANDLE_VA_DISPLAY || !session->display)
        return MFX_ERR_NOT_FOUND;
    *value = session->display;
    return MFX_ERR_NONE;
}

EXPORT mfxStatus MFXVideoCORE_QueryPlatform(mfxSession handle, mfxPlatform *platform)
{
    (void)handle;
    memset(platform, 0, sizeof(*platform));
    platform->CodeName = MFX_PLATFORM_DG2;
    platform->DeviceId = PRETENDED_DEVICE;
    platform->MediaAdapterType = MFX_MEDIA_DISCRETE;
    return MFX_ERR_NONE;
}

/* Every operation is finished when its call returns, so that there is nothing to wait for. */
EXPORT mfxStatus MFXVideoCORE_SyncOperation(mfxSession handle, mfxSyncPoint point, mfxU32 wait)
{
    (void)handle;
    (void)wait;
    return point ? MFX_ERR_NONE : MFX_ERR_NULL_PTR;
}

/*
 * Functions of VPL that FFmpeg does not call: surfaces that the runtime allocates (the application does it here, through
 * its VA device), and decoding and processing in one call. The dispatcher wants them to exist.
 */
#include <vpl/mfx.h>

#include "session.h"

#define NOT_OFFERED(name, ...)           \
    EXPORT mfxStatus name(__VA_ARGS__);  \
    EXPORT mfxStatus name(__VA_ARGS__)   \
    {                                    \
        return MFX_ERR_NOT_IMPLEMENTED;  \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"
NOT_OFFERED(MFXMemory_GetSurfaceForVPP, mfxSession session, mfxFrameSurface1 **surface)
NOT_OFFERED(MFXMemory_GetSurfaceForVPPOut, mfxSession session, mfxFrameSurface1 **surface)
NOT_OFFERED(MFXMemory_GetSurfaceForEncode, mfxSession session, mfxFrameSurface1 **surface)
NOT_OFFERED(MFXMemory_GetSurfaceForDecode, mfxSession session, mfxFrameSurface1 **surface)
NOT_OFFERED(MFXVideoVPP_ProcessFrameAsync, mfxSession session, mfxFrameSurface1 *in, mfxFrameSurface1 **out)
NOT_OFFERED(MFXVideoDECODE_VPP_Init, mfxSession session, mfxVideoParam *decode, mfxVideoChannelParam **channels, mfxU32 count)
NOT_OFFERED(MFXVideoDECODE_VPP_DecodeFrameAsync, mfxSession session, mfxBitstream *stream, mfxU32 *skip, mfxU32 skips, mfxSurfaceArray **surfaces)
NOT_OFFERED(MFXVideoDECODE_VPP_Reset, mfxSession session, mfxVideoParam *decode, mfxVideoChannelParam **channels, mfxU32 count)
NOT_OFFERED(MFXVideoDECODE_VPP_GetChannelParam, mfxSession session, mfxVideoChannelParam *channel, mfxU32 id)
NOT_OFFERED(MFXVideoDECODE_VPP_Close, mfxSession session)

import { describe, expect, it } from 'vitest';
import { parseOpening } from '../../../src/media/gpu/device-opening.ts';

// Logs of FFmpeg 7.1 at level verbose, shortened.
const va = `[AVHWDeviceContext @ 0x55] libva: VA-API version 1.22.0
[AVHWDeviceContext @ 0x55] libva: User requested driver 'iHD'
[AVHWDeviceContext @ 0x55] libva: Trying to open /usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so
`;
const vaOpens = `${va}[AVHWDeviceContext @ 0x55] libva: Found init function __vaDriverInit_1_10
[AVHWDeviceContext @ 0x55] libva: va_openDriver() returns 0
[AVHWDeviceContext @ 0x55] Initialised VAAPI connection: version 1.22
[AVHWDeviceContext @ 0x55] VAAPI driver: Intel iHD driver for Intel(R) Gen Graphics - 25.2.3 ().
`;
const driver = {
  vaDriver: 'Intel iHD driver for Intel(R) Gen Graphics - 25.2.3 ()',
  vaDriverFile: '/usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so',
};

describe('the log of an opened device', () => {
  it('contains the VA driver and the API of the runtime', () => {
    const stderr = `${vaOpens}[AVHWDeviceContext @ 0x66] Use Intel(R) oneVPL to create MFX session, API version is 2.14, the required implementation version is 1.3
[AVHWDeviceContext @ 0x66] Initialize MFX session: implementation version is 2.14
`;
    expect(parseOpening({ exitCode: 0, stderr })).toEqual({ ...driver, sessionApi: '2.14' });
  });

  it('contains both for a release that was built with the Media SDK', () => {
    const stderr = `${vaOpens}[AVHWDeviceContext @ 0x66] Initialize MFX session: API version is 1.35, implementation version is 1.35\n`;
    expect(parseOpening({ exitCode: 0, stderr })).toEqual({ ...driver, sessionApi: '1.35' });
  });

  it('contains only the driver where no session was requested', () => {
    expect(parseOpening({ exitCode: 0, stderr: vaOpens })).toEqual(driver);
  });
});

describe('the log of a device that did not open', () => {
  it('quotes why there is no session', () => {
    const stderr = `${vaOpens}[AVHWDeviceContext @ 0x66] Error creating a MFX session: -9.
Device creation failed: -1313558101.
Failed to set value 'qsv=qs@va' for option 'init_hw_device': Unknown error occurred
`;
    expect(parseOpening({ exitCode: 171, stderr })).toEqual({
      ...driver,
      sessionError: 'Error creating a MFX session: -9.',
    });
  });

  it('explains why there is no VA driver, and names the file that was looked for', () => {
    const stderr = `${va}[AVHWDeviceContext @ 0x55] libva: va_openDriver() returns -1
[AVHWDeviceContext @ 0x55] Failed to initialise VAAPI connection: -1 (unknown libva error).
Device creation failed: -5.
`;
    expect(parseOpening({ exitCode: 251, stderr })).toEqual({
      vaDriverFile: driver.vaDriverFile,
      vaError: 'Failed to initialise VAAPI connection: -1 (unknown libva error).',
    });
  });

  it('quotes that the node could not be opened', () => {
    const stderr =
      '[AVHWDeviceContext @ 0x55] No VA display found for device /dev/dri/renderD128.\nDevice creation failed: -22.\n';
    expect(parseOpening({ exitCode: 234, stderr })).toEqual({
      vaError: 'No VA display found for device /dev/dri/renderD128.',
    });
  });

  it('says that it hung, however far it came', () => {
    expect(parseOpening({ stderr: vaOpens, timedOut: true })).toEqual({
      ...driver,
      sessionError: 'it did not respond in time',
    });
  });

  it.each(['', '\n \n'])('says that nothing was said when there is nothing to quote', (stderr) => {
    expect(parseOpening({ exitCode: 1, stderr })).toEqual({ vaError: 'FFmpeg wrote no message' });
  });

  it('quotes the last line of what it does not know, in bounded length', () => {
    const { vaError } = parseOpening({ exitCode: 1, stderr: `first\n${'x'.repeat(500)}\n\n` });
    expect(vaError).toBe('x'.repeat(160));
  });
});

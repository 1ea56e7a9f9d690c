/** Size and number of frames of a WebP file. */
export interface WebpAnimation {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/**
 * Reads the chunks of an animated WebP file, which FFmpeg writes but cannot read before release 8; libwebp makes a plain
 * one where nothing moves. `undefined` when the bytes are no such file, or are cut off.
 * https://developers.google.com/speed/webp/docs/riff_container
 */
export function parseWebpAnimation(bytes: Uint8Array): WebpAnimation | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 30 || tagAt(view, 0) !== 'RIFF' || tagAt(view, 8) !== 'WEBP') return undefined;
  if (view.getUint32(4, true) + 8 > bytes.length) return undefined;
  if (tagAt(view, 12) !== 'VP8X') return plainImage(view);
  let frames = 0;
  for (let offset = 12; offset + 8 <= bytes.length; ) {
    const size = view.getUint32(offset + 4, true);
    if (offset + 8 + size > bytes.length) return undefined;
    if (tagAt(view, offset) === 'ANMF') frames += 1;
    // Chunks begin at even positions.
    offset += 8 + size + (size % 2);
  }
  return { width: uint24(view, 24) + 1, height: uint24(view, 27) + 1, frames };
}

/** A file of one image: lossy (RFC 6386, 9.1) or lossless. */
function plainImage(view: DataView): WebpAnimation | undefined {
  switch (tagAt(view, 12)) {
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff, frames: 1 };
    case 'VP8L': {
      const sizes = view.getUint32(21, true);
      return { width: (sizes & 0x3fff) + 1, height: ((sizes >> 14) & 0x3fff) + 1, frames: 1 };
    }
    default:
      return undefined;
  }
}

function tagAt(view: DataView, offset: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(offset + index)));
}

function uint24(view: DataView, offset: number): number {
  return view.getUint16(offset, true) + view.getUint8(offset + 2) * 65_536;
}

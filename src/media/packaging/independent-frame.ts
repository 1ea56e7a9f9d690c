/**
 * Whether decoding can start with a frame and needs nothing before it, from its bytes: an IDR frame of H.264 or HEVC. A
 * key frame of an open group (recovery point, CRA) shows frames after it that need the group before.
 * For other codecs the sync flag of the container decides.
 *
 * @param frame the frame or its beginning, as MP4 stores it: each NAL unit after its length
 */
export function isIndependent(frame: Uint8Array, codec: string, nalLengthSize: number | undefined): boolean {
  if (nalLengthSize === undefined) return true;
  const hevc = codec.startsWith('hvc1') || codec.startsWith('hev1');
  for (let at = 0; at + nalLengthSize < frame.length; ) {
    let length = 0;
    for (let byte = 0; byte < nalLengthSize; byte++) length = length * 256 + (frame[at + byte] ?? 0);
    const head = frame[at + nalLengthSize] ?? 0;
    const type = hevc ? (head >> 1) & 0x3f : head & 0x1f;
    // Parameter sets and SEI messages precede the slices.
    if (hevc ? type <= 31 : type >= 1 && type <= 5) return hevc ? type >= 16 && type <= 20 : type === 5;
    at += nalLengthSize + length;
  }
  return false;
}

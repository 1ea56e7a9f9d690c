import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const memory = z.enum(['video', 'system']);

const video = z.object({
  /** FFmpeg uploads and downloads frames with processors of its own, from `system` to `video` and back. */
  memory,
  format: z.string(),
  width: z.int(),
  height: z.int(),
  left: z.int(),
  top: z.int(),
  frameRate: z.string(),
  /** As ITU-T H.273 numbers them. */
  primaries: z.int().optional(),
  transfer: z.int().optional(),
  matrix: z.int().optional(),
});

const event = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.strictObject({ event: z.literal(name), pid: z.int(), ...shape });

const codec = z.enum(['h264', 'hevc', 'av1', 'vp9', 'mjpeg', 'mpeg2', 'vp8', 'none']);
/** A coding option: null where it is left to the runtime. */
const option = z.boolean().nullable();
const size = { width: z.int(), height: z.int() };

const traceEvent = z.discriminatedUnion('event', [
  event('encode.init', {
    codec,
    memory,
    format: z.string(),
    bitDepth: z.int(),
    ...size,
    frameRate: z.string(),
    asyncDepth: z.int(),
    targetUsage: z.int(),
    profile: z.int(),
    level: z.int(),
    lowPower: option,
    gop: z.int(),
    refDist: z.int(),
    idrInterval: z.int(),
    refs: z.int(),
    rateControl: z.string(),
    qpI: z.int().optional(),
    qpP: z.int().optional(),
    qpB: z.int().optional(),
    quality: z.int().optional(),
    targetKbps: z.int().optional(),
    maxKbps: z.int().optional(),
    bufferKB: z.int().optional(),
    initialDelayKB: z.int().optional(),
    lookAheadDepth: z.int(),
    extBrc: option,
    bRefType: z.int(),
    adaptiveI: option,
    adaptiveB: option,
    bitrateLimit: option,
    scenario: z.int(),
    colour: z.object({ fullRange: z.int(), primaries: z.int(), transfer: z.int(), matrix: z.int() }).optional(),
  }),
  event('encode.refused', { codec, format: z.string(), status: z.int() }),
  event('encode.reset', { targetKbps: z.int() }),
  event('encode.close', { codec, frames: z.int(), packets: z.int(), bytes: z.int() }),
  event('decode.header', { codec, format: z.string(), ...size }),
  event('decode.refused', { codec, format: z.string(), ...size }),
  event('decode.init', {
    codec,
    memory,
    format: z.string(),
    bitDepth: z.int(),
    ...size,
    asyncDepth: z.int(),
  }),
  event('decode.size-change', size),
  event('decode.close', { packets: z.int(), frames: z.int() }),
  event('vpp.init', {
    in: video,
    out: video,
    operations: z.array(z.string()),
    angle: z.int(),
    mirroring: z.int(),
    inputs: z.int(),
  }),
  event('vpp.close', { framesIn: z.int(), framesOut: z.int() }),
  event('va.encode.init', {
    codec,
    profile: z.string(),
    /** Which entry point: EncSliceLP or EncSlice. */
    lowPower: z.boolean(),
    format: z.string(),
    bitDepth: z.int(),
    ...size,
    frameRate: z.string(),
    gop: z.int(),
    refDist: z.int(),
    level: z.int(),
    qualityLevel: z.int(),
    rateControl: z.string(),
    qp: z.int().optional(),
    quality: z.int().optional(),
    targetKbps: z.int().optional(),
    maxKbps: z.int().optional(),
    bufferKbits: z.int().optional(),
    initialKbits: z.int().optional(),
    /** Out of the sequence header that FFmpeg packs, as ITU-T H.273 numbers them: 2 is unspecified. */
    colour: z.object({ fullRange: z.int(), primaries: z.int(), transfer: z.int(), matrix: z.int() }),
    packedHeaders: z.array(z.enum(['sequence', 'picture', 'slice', 'raw'])),
  }),
  event('va.encode.close', {
    codec,
    frames: z.int(),
    packets: z.int(),
    keyFrames: z.int(),
    /** Packets that stand under the headers that FFmpeg packed. */
    packed: z.int(),
    bytes: z.int(),
  }),
  event('va.refused', { what: z.enum(['config', 'context']), codec, status: z.int() }),
  event('fault', { stage: z.string(), call: z.int(), status: z.string() }),
]);

/** One line of the trace: what reached the runtime. */
export type TraceEvent = z.infer<typeof traceEvent>;

/** The trace so far; empty when nothing has reached the runtime. Rejects when a line does not match its schema. */
export async function readTrace(path: string): Promise<TraceEvent[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => traceEvent.parse(JSON.parse(line)));
}

/** The events of one kind. */
export function eventsOf<Name extends TraceEvent['event']>(
  trace: readonly TraceEvent[],
  name: Name,
): Extract<TraceEvent, { event: Name }>[] {
  return trace.filter((line): line is Extract<TraceEvent, { event: Name }> => line.event === name);
}

/** Coordinates of a colour in the CIE 1931 diagram, each 0 to 1. */
interface Chromaticity {
  readonly x: number;
  readonly y: number;
}

/** The display that a film was graded on (SMPTE ST 2086). */
interface MasteringDisplay {
  readonly red: Chromaticity;
  readonly green: Chromaticity;
  readonly blue: Chromaticity;
  readonly white: Chromaticity;
  /** In cd/m². */
  readonly minLuminance: number;
  readonly maxLuminance: number;
}

/** The brightest pixel and the brightest mean of a frame in cd/m² (CTA-861.3: MaxCLL and MaxFALL). */
interface ContentLight {
  readonly max: number;
  readonly average: number;
}

/** The static metadata of HDR10; either part may be missing. */
export interface HdrMetadata {
  readonly mastering?: MasteringDisplay;
  readonly light?: ContentLight;
}

type Json = Readonly<Record<string, unknown>>;

/** The metadata among the side data of a stream or a frame as ffprobe prints it; implausible values are left out. */
export function hdrMetadataOf(sideData: readonly Json[]): HdrMetadata | undefined {
  const typed = (type: string): Json | undefined => sideData.find((data) => data['side_data_type'] === type);
  const mastering = masteringOf(typed('Mastering display metadata'));
  const light = lightOf(typed('Content light level metadata'));
  if (mastering === undefined && light === undefined) return undefined;
  return { ...(mastering && { mastering }), ...(light && { light }) };
}

function masteringOf(data: Json | undefined): MasteringDisplay | undefined {
  if (data === undefined) return undefined;
  const point = (name: string): Chromaticity => ({ x: rational(data[`${name}_x`]), y: rational(data[`${name}_y`]) });
  const [red, green, blue, white] = [point('red'), point('green'), point('blue'), point('white_point')];
  const [minLuminance, maxLuminance] = [rational(data['min_luminance']), rational(data['max_luminance'])];
  const points = [red, green, blue, white].flatMap(({ x, y }) => [x, y]);
  // Zero means "unknown", and encoders reject impossible displays.
  const sensible =
    points.every((value) => value > 0 && value < 1) &&
    minLuminance >= 0 &&
    maxLuminance > minLuminance &&
    maxLuminance <= 10_000;
  return sensible ? { red, green, blue, white, minLuminance, maxLuminance } : undefined;
}

function lightOf(data: Json | undefined): ContentLight | undefined {
  const [max, average] = [data?.['max_content'], data?.['max_average']];
  const known = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65_536;
  return known(max) && known(average) && max > 0 ? { max, average } : undefined;
}

/** `34000/50000` as a number; NaN for anything else. */
function rational(value: unknown): number {
  const [, num, den] = /^(\d{1,12})\/(\d{1,12})$/.exec(typeof value === 'string' ? value : '') ?? [];
  return Number(num) / Number(den);
}

/** Options of x265, whose units are 1/50000 for chromaticity and 1/10000 cd/m² for luminance. */
export function x265HdrOptions({ mastering, light }: HdrMetadata): string[] {
  const point = ({ x, y }: Chromaticity): string => `(${Math.round(x * 50_000)},${Math.round(y * 50_000)})`;
  const units = (luminance: number): number => Math.round(luminance * 10_000);
  return [
    ...(mastering === undefined
      ? []
      : [
          `master-display=${displayText(mastering, point, `L(${units(mastering.maxLuminance)},${units(mastering.minLuminance)})`)}`,
        ]),
    ...(light === undefined ? [] : [`max-cll=${light.max},${light.average}`]),
  ];
}

/** Options of SVT-AV1, which takes chromaticity from 0 to 1 and luminance in cd/m². */
export function svtAv1HdrOptions({ mastering, light }: HdrMetadata): string[] {
  const point = ({ x, y }: Chromaticity): string => `(${x.toFixed(5)},${y.toFixed(5)})`;
  return [
    ...(mastering === undefined
      ? []
      : [
          `mastering-display=${displayText(mastering, point, `L(${mastering.maxLuminance.toFixed(4)},${mastering.minLuminance.toFixed(4)})`)}`,
        ]),
    ...(light === undefined ? [] : [`content-light=${light.max},${light.average}`]),
  ];
}

function displayText(
  { red, green, blue, white }: MasteringDisplay,
  point: (value: Chromaticity) => string,
  luminance: string,
): string {
  return `G${point(green)}B${point(blue)}R${point(red)}WP${point(white)}${luminance}`;
}

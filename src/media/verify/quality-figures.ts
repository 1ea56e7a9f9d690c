import type { ContractCheck } from '../../model/job/output-contract.ts';
import type { PlannedOutput } from '../planning/plan.ts';

/** How similar two videos are; `Infinity` dB where they are identical. */
export interface QualityFigures {
  /** Mean of all planes, 0 to 1. */
  readonly ssim?: number;
  /** That of the worst plane, in dB. */
  readonly xpsnr?: number;
  /** Why there are no figures: the output does not decode to its end, for example. */
  readonly error?: string;
}

/** The figures in what FFmpeg's filters `ssim` and `xpsnr` write to the log at their end; the last of each counts. */
export function parseQuality(log: string): QualityFigures {
  const ssim = lastFigure(log, /SSIM .*?All:(inf|-?[0-9.]+)/g);
  const xpsnr = lastFigure(log, /XPSNR .*?minimum: (inf|-?[0-9.]+)/g);
  if (ssim === undefined && xpsnr === undefined) return { error: 'no figures' };
  return { ...(ssim !== undefined && { ssim }), ...(xpsnr !== undefined && { xpsnr }) };
}

function lastFigure(log: string, pattern: RegExp): number | undefined {
  const text = [...log.matchAll(pattern)].at(-1)?.[1];
  const value = text === 'inf' ? Number.POSITIVE_INFINITY : Number(text ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
}

/** One check per floor of an output with a video; a copied video passes without a measurement. */
export function qualityChecks({ contract, comparison }: PlannedOutput, quality: QualityFigures = {}): ContractCheck[] {
  if (comparison === undefined) return [];
  const check = (name: 'xpsnr' | 'ssim', floor: number | undefined, unit: string, digits: number): ContractCheck[] => {
    if (floor === undefined) return [];
    const expected = `at least ${floor}${unit}`;
    if (comparison.how === 'copied') return [{ name, ok: true, expected, measured: 'identical video: it was copied' }];
    const figure = quality[name];
    if (figure === undefined) {
      return [{ name, ok: false, expected, measured: `no figure: ${quality.error ?? 'not measured'}`.slice(0, 80) }];
    }
    const measured = figure === Number.POSITIVE_INFINITY ? 'identical video' : `${figure.toFixed(digits)}${unit}`;
    return [{ name, ok: figure >= floor, expected, measured }];
  };
  return [...check('xpsnr', contract.minXpsnr, ' dB', 2), ...check('ssim', contract.minSsim, '', 4)];
}

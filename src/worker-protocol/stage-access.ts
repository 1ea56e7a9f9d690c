import type { StageSpec } from '../model/job/stage.ts';

type StageFiles = Pick<StageSpec, 'inputs' | 'output'>;

/** The Secrets that a stage names, each once and in the order of the spec, by which runner and worker number them. */
export function secretsOf({ inputs, output }: StageFiles): readonly string[] {
  const named = [...inputs.map(({ s3 }) => s3?.credentialsSecret), output.destination?.s3?.credentialsSecret];
  return [...new Set(named.filter((name) => name !== undefined))];
}

/** The claims that a stage reads from, each once. */
export function claimsRead({ inputs }: StageFiles): readonly string[] {
  return [...new Set(inputs.flatMap(({ pvc }) => (pvc === undefined ? [] : [pvc.claimName])))];
}

/** The claim that a stage writes to. */
export function claimWritten({ output }: StageFiles): string | undefined {
  return output.destination?.pvc?.claimName;
}

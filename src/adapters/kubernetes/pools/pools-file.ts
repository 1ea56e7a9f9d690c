import { readFile } from 'node:fs/promises';
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { z } from 'zod';
import { CodedError, type ErrorDetail } from '../../../errors/coded-error.ts';
import type { Pool } from './pool.ts';
import { checkPools } from './pool-slots.ts';

const text = z.string().min(1).max(1024);
const label = z.string().max(63);
const name = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: 'expected lower-case letters, digits and dashes' });
/** As in `resource.Quantity`: a number in YAML is one too. */
const quantity = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(
    z.string().regex(/^\d+(\.\d+)?([numkMGTPE]|[KMGTPE]i|[eE]\d+)?$/, {
      error: 'expected a quantity such as 500m, 2 or 8Gi',
    }),
  );
const quantities = z.record(text, quantity);

const allocation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('None') }),
  z.strictObject({
    type: z.literal('DevicePlugin'),
    resourceName: z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/, {
      error: 'expected a resource such as gpu.intel.com/i915 or gpu.intel.com/xe',
    }),
  }),
  z.strictObject({ type: z.literal('DRA'), claimTemplate: name }),
]);

const toleration = z.strictObject({
  key: text.exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: label.exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
});

const variable = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected the name of an environment variable' }),
  value: z.string().max(32_768).exactOptional(),
  valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name: text, key: text }) }).exactOptional(),
});

const pool = z.strictObject({
  name,
  allocation,
  image: text,
  maxConcurrent: z.int().min(1).max(100_000).exactOptional(),
  nodeSelector: z.record(text, label).exactOptional(),
  tolerations: z.array(toleration).max(32).exactOptional(),
  labels: z.record(text, label).exactOptional(),
  annotations: z.record(text, z.string().max(4096)).exactOptional(),
  supplementalGroups: z.array(z.int().min(0).max(4_294_967_294)).max(16).exactOptional(),
  runtimeClassName: text.exactOptional(),
  priorityClassName: text.exactOptional(),
  serviceAccountName: text.exactOptional(),
  requests: quantities.exactOptional(),
  limits: quantities.exactOptional(),
  scratchSize: quantity.exactOptional(),
  environment: z.array(variable).max(64).exactOptional(),
});

const pools: z.ZodType<readonly Pool[]> = z.array(pool).min(1).max(64);

/**
 * The pools of a file: a YAML list of them.
 *
 * @throws CodedError `INVALID_REQUEST` that names the file and every wrong value in it: what was expected, and the value
 */
export async function readPoolsFile(path: string): Promise<readonly Pool[]> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidPools(`The pools in ${path} cannot be read: ${reason}`, { cause: error });
  });
  return parsePools(content, path);
}

/** @param path of the file that holds the text, for messages */
export function parsePools(content: string, path: string): readonly Pool[] {
  let document: unknown;
  try {
    document = load(content, { schema: CORE_SCHEMA, maxAliases: 100, maxDepth: 20 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw invalidPools(`Expected ${path} to be YAML, but it has an error: ${error.reason}`, { cause: error });
  }
  const parsed = pools.safeParse(document);
  if (!parsed.success) {
    const details = parsed.error.issues.map((issue) => ({ path: pathOf(issue.path), message: messageOf(issue) }));
    const lines = details.map(({ path: member, message }) => `${member}: ${message}`);
    throw invalidPools(`Expected ${path} to be a list of pools, got:\n${lines.join('\n')}`, { details });
  }
  try {
    checkPools(parsed.data);
  } catch (error) {
    throw invalidPools(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return parsed.data;
}

function invalidPools(
  message: string,
  options: ErrorOptions & { readonly details?: readonly ErrorDetail[] },
): CodedError {
  const remedy =
    'Correct the file; docs/guides/kubernetes.md describes pools, manifests/operator/pools.yaml is a sample.';
  return new CodedError('INVALID_REQUEST', message, { ...options, remedy });
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (parent, part) => (typeof part === 'number' ? `${parent}[${part}]` : `${parent}.${String(part)}`),
    'pools',
  );
}

function messageOf({ code, message, input }: z.core.$ZodIssue): string {
  if (code === 'unrecognized_keys' || message.includes('received')) return message;
  const got = JSON.stringify(input)?.slice(0, 100);
  return got === undefined ? message : `${message}, got ${got}`;
}

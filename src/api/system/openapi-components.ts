import { z } from 'zod';
import { isRecord } from '../../lib/json.ts';
import { input } from '../../model/job/inputs.ts';
import { caption, operation } from '../../model/job/operations.ts';
import { audioOutput, output, videoOutput } from '../../model/job/output.ts';
import { outputContract } from '../../model/job/output-contract.ts';
import { renderJobManifest, renderJobSpec } from '../../model/job/render-job.ts';
import { outputFile } from '../../model/status/result.ts';
import { editError } from '../edit/edit-errors.ts';
import { editJob } from '../edit/edit-job-view.ts';
import { canonicalJson } from '../http/canonical-json.ts';
import { plainError } from '../http/reply-schemas.ts';
import { nativeJob } from '../native/job-view.ts';
import { planReply } from '../native/plan-reply.ts';
import { problem } from '../native/problem.ts';

/** Schemas that have a name of their own in the document, the largest first. */
const named: Readonly<Record<string, z.ZodType>> = {
  RenderJob: nativeJob,
  RenderJobManifest: renderJobManifest,
  RenderJobSpec: renderJobSpec,
  Plan: planReply,
  Operation: operation,
  Output: output,
  OutputContract: outputContract,
  VideoOutput: videoOutput,
  AudioOutput: audioOutput,
  OutputFile: outputFile,
  Input: input,
  Caption: caption,
  EditJob: editJob,
  EditError: editError,
  PlainError: plainError,
  Problem: problem,
};

/** Keys that mean something to others than readers of an OpenAPI document. */
const internalKeys: ReadonlySet<string> = new Set(['x-kubernetes-validations', '$schema']);

type Json = Readonly<Record<string, unknown>>;

/** Schemas as readers of the document want them; `const` in the older way, as @fastify/swagger writes it. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !internalKeys.has(key))
      .map(([key, member]) => (key === 'const' ? ['enum', [member]] : [key, plain(member)])),
  );
}

/** Equal for schemas that differ in nothing but their own description, which a reference can carry itself. */
function fingerprint({ description: _own, ...schema }: Json): string {
  return canonicalJson(schema);
}

/**
 * An OpenAPI document in which schemas that are used again and again stand once, under `components.schemas`. Zod schemas
 * are written out in full by their converter; registering names with zod itself would change the CRDs, which are made
 * from the same schemas.
 */
export function hoistSchemas(document: Json): Record<string, unknown> {
  const names = new Map<string, string>();
  const bodies = new Map<string, Json>();
  for (const [name, schema] of Object.entries(named)) {
    for (const io of ['output', 'input'] as const) {
      const body = plain(z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }));
      if (!isRecord(body) || names.has(fingerprint(body))) continue;
      const unique = bodies.has(name) ? `${name}Input` : name;
      names.set(fingerprint(body), unique);
      bodies.set(unique, body);
    }
  }
  const used = new Set<string>();
  const hoist = (value: unknown, root = false): unknown => {
    if (Array.isArray(value)) return value.map((member) => hoist(member));
    if (!isRecord(value)) return value;
    const name = root || !('type' in value || 'anyOf' in value) ? undefined : names.get(fingerprint(value));
    if (name === undefined)
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hoist(member)]));
    used.add(name);
    const own = value['description'];
    return {
      $ref: `#/components/schemas/${name}`,
      ...(own !== bodies.get(name)?.['description'] && { description: own }),
    };
  };
  const hoisted = hoist(plain(document));
  const schemas = [...bodies]
    .map(([name, body]) => [name, hoist(body, true)] as const)
    .filter(([name]) => used.has(name));
  const whole = isRecord(hoisted) ? hoisted : {};
  const components = isRecord(whole['components']) ? whole['components'] : {};
  return { ...whole, components: { ...components, schemas: Object.fromEntries(schemas) } };
}

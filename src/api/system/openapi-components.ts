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

/** Keys for other readers than those of an OpenAPI document. */
const internalKeys: ReadonlySet<string> = new Set(['x-kubernetes-validations', '$schema']);

type Json = Readonly<Record<string, unknown>>;

/** A schema without internal keys, and with `const` as an `enum` of one value, as @fastify/swagger writes it. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !internalKeys.has(key))
      .map(([key, member]) => (key === 'const' ? ['enum', [member]] : [key, plain(member)])),
  );
}

/** Equal for schemas that differ only in their own description, which a reference can carry itself. */
function fingerprint({ description: _own, ...schema }: Json): string {
  return canonicalJson(schema);
}

/**
 * An OpenAPI document in which schemas that occur more than once are defined once, under `components.schemas`.
 *
 * The converter of fastify-type-provider-zod can do this with a registry of names, but it reads descriptions from the same
 * registry: with a private one every `describe()` is lost, because zod writes those into its global registry. Names in the
 * global registry would change the CRDs, which are generated from the same schemas. A registry also finds a schema only by
 * identity, not its copies with another description.
 */
export function hoistSchemas(document: Json): Record<string, unknown> {
  const components = namedComponents();
  const used = new Set<string>();
  const whole = hoist(plain(document), components, used);
  const schemas = [...components.bodies]
    // Also hoists what is inside a component, which may use further ones.
    .map(([name, body]) => [name, hoistMembers(body, components, used)] as const)
    .filter(([name]) => used.has(name));
  const hoisted = isRecord(whole) ? whole : {};
  const others = isRecord(hoisted['components']) ? hoisted['components'] : {};
  return { ...hoisted, components: { ...others, schemas: Object.fromEntries(schemas) } };
}

interface Components {
  /** Names by the fingerprint of the schema. */
  readonly names: ReadonlyMap<string, string>;
  /** Schemas by name. */
  readonly bodies: ReadonlyMap<string, Json>;
}

/** The named schemas; one that differs between requests and replies has a second name for requests. */
function namedComponents(): Components {
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
  return { names, bodies };
}

/** A copy of a value in which named schemas are references; their names are added to `used`. */
function hoist(value: unknown, components: Components, used: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((member) => hoist(member, components, used));
  if (!isRecord(value)) return value;
  const isSchema = 'type' in value || 'anyOf' in value;
  const name = isSchema ? components.names.get(fingerprint(value)) : undefined;
  if (name === undefined) return hoistMembers(value, components, used);
  used.add(name);
  const description = value['description'];
  const isOwn = description !== components.bodies.get(name)?.['description'];
  return { $ref: `#/components/schemas/${name}`, ...(isOwn && { description }) };
}

function hoistMembers(value: Json, components: Components, used: Set<string>): Json {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hoist(member, components, used)]));
}

import { writeFile } from 'node:fs/promises';
import { createApiKey } from '../../api/http/api-key.ts';
import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';
import { type ApiKey, type KeyStore, type Role, roles } from '../../ports/key-store.ts';
import { argumentsOf, type Command, type CommandContext, printJson } from '../args/command-context.ts';
import type { Arguments } from '../args/command-line.ts';
import { didYouMean } from '../args/suggest.ts';
import { type OpenedKeys, openKeys } from '../client/open-keys.ts';
import { CliError, UsageError } from '../output/cli-error.ts';
import { formatAge, formatTable } from '../output/format.ts';

const verbs = ['create', 'list', 'revoke'] as const;

export const keys: Command = async (context) => {
  const args = argumentsOf(context);
  const [verb = '', ...ids] = args.positionals;
  if (!verbs.some((known) => known === verb)) {
    throw new UsageError(
      `expected ${verbs.join(', ')} after keys, got ${JSON.stringify(verb)}${didYouMean(verb, verbs)}`,
    );
  }
  if (verb === 'revoke' ? ids.length === 0 : ids.length > 0) {
    throw new UsageError(
      verb === 'revoke'
        ? 'expected the id of a key after revoke'
        : `expected nothing after ${verb}, got ${ids.join(' ')}`,
    );
  }
  const request = verb === 'create' ? keyRequest(args) : undefined;
  await using opened = await openKeys(args, context.environment);
  const { store } = opened;
  if (request) return await create(opened, request, context, args.on('json'));
  if (verb === 'list') return await list(store, context, args.on('json'));
  return await revoke(store, ids, context, args.on('json'));
};

interface KeyRequest {
  readonly owner: string;
  readonly role: Role;
  readonly namespace: string;
  readonly out: string | undefined;
}

/** Owners and namespaces become label values. */
const label = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

function keyRequest(args: Arguments): KeyRequest {
  const owner = args.one('owner');
  if (owner === undefined) throw new UsageError('expected --owner NAME');
  const namespace = args.one('namespace') ?? 'default';
  for (const [name, value] of [
    ['owner', owner],
    ['namespace', namespace],
  ] as const) {
    if (!label.test(value)) {
      throw new UsageError(
        `expected letters, digits, dashes, dots and underscores, at most 63, for --${name}, got ${JSON.stringify(value)}`,
      );
    }
  }
  const word = args.one('role') ?? 'user';
  const role = roles.find((known) => known === word);
  if (role === undefined)
    throw new UsageError(`expected one of ${roles.join(', ')} for --role, got ${word}${didYouMean(word, roles)}`);
  return { owner, namespace, role, out: args.one('out') };
}

async function create(
  { store, location }: OpenedKeys,
  { out, ...owner }: KeyRequest,
  { terminal }: CommandContext,
  json: boolean,
): Promise<ExitCode> {
  const { key, record } = createApiKey({ ...owner, now: Date.now() });
  if (out !== undefined) {
    try {
      // Never an existing file: its mode could let others read the key.
      await writeFile(out, `${key}\n`, { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      throw new UsageError(
        `expected to create a new file at ${out}, got ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }
  await store.add(record);
  if (json) printJson(terminal, { ...publicPart(record), ...(out === undefined ? { key } : { file: out }) });
  else if (out === undefined) terminal.out(`${key}\n`);
  if (!json) {
    const shown = out === undefined ? '; it is not shown again' : ` is in ${out}`;
    // A key in a namespace that the API does not read is of no use.
    const kept = location === undefined ? '' : `; its digest is in ${location}, where the API has to run`;
    terminal.err(`key ${record.id} of ${record.owner} (${record.role})${shown}${kept}\n`);
  }
  return exitCodes.ok;
}

async function list(store: KeyStore, { terminal }: CommandContext, json: boolean): Promise<ExitCode> {
  const all = await store.list();
  if (json) {
    printJson(terminal, all.map(publicPart));
    return exitCodes.ok;
  }
  const now = Date.now();
  const rows = all.map(({ id, owner, role, namespace, createdAt, revokedAt }) => [
    id,
    owner,
    role,
    namespace,
    formatAge(now - createdAt),
    revokedAt === undefined ? 'valid' : `revoked ${formatAge(now - revokedAt)} ago`,
  ]);
  terminal.out(`${formatTable(['ID', 'OWNER', 'ROLE', 'NAMESPACE', 'AGE', 'STATE'], rows)}\n`);
  return exitCodes.ok;
}

async function revoke(
  store: KeyStore,
  ids: readonly string[],
  { terminal }: CommandContext,
  json: boolean,
): Promise<ExitCode> {
  const unknown: string[] = [];
  for (const id of ids) {
    // A whole key is accepted for its id, which a person may not have; it is not printed.
    const [, inner] = /^fwk_([a-z0-9]+)_/.exec(id) ?? [];
    if (await store.revoke(inner ?? id, Date.now())) {
      if (!json) terminal.out(`${inner ?? id}  revoked\n`);
    } else {
      unknown.push(inner ?? id);
    }
  }
  if (unknown.length > 0) {
    throw new CliError(exitCodes.failed, `no such key: ${unknown.join(', ')}`, {
      remedy: 'framewright keys list shows the ids',
    });
  }
  if (json) printJson(terminal, { revoked: ids.map((id) => /^fwk_([a-z0-9]+)_/.exec(id)?.[1] ?? id) });
  return exitCodes.ok;
}

function publicPart({ digest: _digest, ...rest }: ApiKey): Omit<ApiKey, 'digest'> {
  return rest;
}

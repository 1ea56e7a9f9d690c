import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import {
  apiServerArguments,
  certificateFile,
  controllerManagerArguments,
  etcdArguments,
  kwokArguments,
  schedulerArguments,
} from './arguments.ts';
import { type Credentials, makeCredentials, type UserName, writeKubeconfig } from './credentials.ts';
import { freePort } from './free-port.ts';
import { type Guard, startGuard } from './guard.ts';
import { type Program, startProgram, whenReady } from './program.ts';

/** A real Kubernetes API with its controllers and a scheduler, on loopback; kwok plays the kubelets. */
export interface ControlPlane extends AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** Where etcd answers, without TLS. */
  readonly etcd: string;
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** By the name of the program, to be killed by tests that need it. */
  readonly programs: ReadonlyMap<string, Program>;
  /** Starts the API server again after it was killed, and waits until it answers. */
  readonly reviveApi: () => Promise<void>;
  /** The API server's own certificate and key, for servers of a test that it talks to. */
  readonly certificate: { readonly cert: string; readonly key: string };
}

export interface ControlPlaneOptions {
  /** Controllers of the controller manager that are not to run, by its names for them. */
  readonly without?: readonly string[];
  /** Whether pods are to be placed and to run: the scheduler and kwok. */
  readonly pods?: boolean;
}

type Paths = Readonly<Record<string, string>>;

interface Environment {
  readonly paths: Paths;
  readonly guard: Guard;
  readonly folder: string;
}

/**
 * Starts one, with data of its own, in about ten seconds. It ends with this process at the latest, however that ends.
 *
 * @param paths the programs of the kit `cluster`
 */
export async function startControlPlane(
  paths: Paths,
  { without = [], pods = true }: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-cluster-'));
  const guard = startGuard(folder);
  const programs = new Map<string, Program>();
  // In the reverse order of their start: no controller outlives the API server that it would complain about.
  const stop = async (): Promise<void> => {
    for (const program of [...programs.values()].toReversed()) await program.stop();
    await guard[Symbol.asyncDispose]();
  };
  try {
    const environment = { paths, guard, folder };
    const credentials = await makeCredentials(folder);
    const { server, etcd, ca, reviveApi } = await startApi(environment, credentials, programs);
    const kubeconfig = (user: UserName): Promise<string> => {
      const file = join(folder, `${user.replaceAll(':', '-')}.kubeconfig`);
      return writeKubeconfig(file, { server, ca }, { token: credentials.tokens[user] });
    };
    const admin = await kubeconfig('admin');
    const manager = controllerManagerArguments(folder, await kubeconfig('system:kube-controller-manager'), {
      credentials,
      without,
    });
    const start = (name: string, args: readonly string[]): void =>
      void programs.set(name, startProgram(pathOf(paths, name), args, environment));
    start('kube-controller-manager', manager);
    if (pods) {
      start('kube-scheduler', schedulerArguments(await kubeconfig('system:kube-scheduler')));
      start('kwok', kwokArguments(admin, join(import.meta.dirname, 'kwok-stages.yaml')));
    }
    await whenControllersWork(server, ca, credentials.tokens.admin, programs);
    const certificate = await readCertificate(folder);
    return { server, etcd, kubeconfig: admin, programs, reviveApi, certificate, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readCertificate(folder: string): Promise<ControlPlane['certificate']> {
  const file = certificateFile(folder);
  return { cert: await readFile(file, 'utf8'), key: await readFile(file.replace(/crt$/, 'key'), 'utf8') };
}

async function startApi(
  { paths, guard, folder }: Environment,
  credentials: Credentials,
  programs: Map<string, Program>,
): Promise<{ server: string; etcd: string; ca: string; reviveApi: () => Promise<void> }> {
  const [etcdPort, port] = [await freePort(), await freePort()];
  const etcd = startProgram(pathOf(paths, 'etcd'), etcdArguments(folder, etcdPort), { guard, folder });
  programs.set('etcd', etcd);
  await whenReady(etcd, async () => (await request(`http://127.0.0.1:${etcdPort}/health`)).statusCode === 200);
  const args = apiServerArguments(folder, { port, etcdPort, credentials });
  const server = `https://127.0.0.1:${port}`;
  let ca = '';
  const startServer = async (): Promise<void> => {
    const api = startProgram(pathOf(paths, 'kube-apiserver'), args, { guard, folder });
    programs.set('kube-apiserver', api);
    await whenReady(api, async () => {
      ca = await readFile(certificateFile(folder), 'utf8');
      return (await get(`${server}/readyz`, ca)) === 200;
    });
  };
  await startServer();
  return { server, etcd: `http://127.0.0.1:${etcdPort}`, ca, reviveApi: startServer };
}

/** Pods can be made in a namespace once the controller manager has made its ServiceAccount. */
async function whenControllersWork(
  server: string,
  ca: string,
  token: string,
  programs: ReadonlyMap<string, Program>,
): Promise<void> {
  const manager = programs.get('kube-controller-manager');
  if (manager === undefined) throw new Error('Expected the controller manager to have been started');
  const account = `${server}/api/v1/namespaces/default/serviceaccounts/default`;
  await whenReady(manager, async () => (await get(account, ca, token)) === 200);
  for (const program of programs.values()) {
    if (!program.running()) throw new Error(`Expected ${program.name} to run, but it ended:\n${await program.log()}`);
  }
}

async function get(url: string, ca: string, token?: string): Promise<number> {
  const dispatcher = new Agent({ connect: { ca } });
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(url, { dispatcher, headers });
    await body.dump();
    return statusCode;
  } finally {
    await dispatcher.close();
  }
}

function pathOf(paths: Paths, name: string): string {
  const path = paths[name];
  if (path === undefined) throw new Error(`Expected the path of ${name}, but it is missing`);
  return path;
}

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CodedError } from '../../errors/coded-error.ts';
import { redactUrl } from '../../lib/redact-url.ts';
import { addressProblem, parseRanges } from './address-ranges.ts';

export interface SourcePolicy {
  /** Hosts that sources may come from: `cdn.example.com`, `*.example.com` (subdomains), `*` (any). */
  readonly hosts: readonly string[];
  /** CIDR ranges that are allowed although they are private. */
  readonly allowedRanges: readonly string[];
}

export interface PinnedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** A URL that may be fetched, and the only addresses to which a connection for it may go. */
export interface GuardedUrl {
  readonly url: URL;
  readonly addresses: readonly [PinnedAddress, ...PinnedAddress[]];
}

export interface AddressGuard {
  /**
   * Checks all that can be told without DNS: scheme, credentials, host list, literal addresses. Throws a CodedError with
   * `code`: `CDN_URL_NOT_ALLOWED` for an API that refuses early, `SOURCE_FORBIDDEN` (the default) for a worker.
   */
  check(url: string, code?: RefusalCode): URL;
  /**
   * Resolves the host and checks every address. A connection must use the returned ones: a second look-up may give
   * another answer (DNS rebinding). Rejects as `check` throws, and with `SOURCE_UNAVAILABLE` when there is no address.
   */
  resolve(url: string, code?: RefusalCode): Promise<GuardedUrl>;
}

export type RefusalCode = 'SOURCE_FORBIDDEN' | 'CDN_URL_NOT_ALLOWED';

/** All addresses of a host, as the system resolves it. */
export type Resolver = (host: string) => Promise<readonly PinnedAddress[]>;

/**
 * The one place that decides from where sources may be fetched. Every request and every redirect passes it; metadata
 * services and private networks are refused whatever name leads to them. Throws RangeError on a policy it cannot read.
 */
export function createAddressGuard(policy: SourcePolicy, resolver: Resolver = systemResolver): AddressGuard {
  const allowed = parseRanges(policy.allowedRanges);
  const patterns = policy.hosts.map(normalHost).filter((host) => host !== '');

  const check = (text: string, code: RefusalCode = 'SOURCE_FORBIDDEN'): URL => {
    if (!URL.canParse(text)) throw new CodedError(code, 'Expected an http or https URL, got a text that is no URL');
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new CodedError(code, `Expected an http or https URL, got one of scheme ${url.protocol}`);
    }
    if (url.username !== '' || url.password !== '') {
      throw new CodedError(code, `Expected a URL without user name and password, got one with them for ${url.host}`);
    }
    const host = normalHost(url.hostname);
    if (!patterns.some((pattern) => matches(host, pattern))) {
      throw new CodedError(code, `Expected a host of the allowed source hosts, got ${host}`);
    }
    if (isIP(host) !== 0) refuseAddress(url, host, code);
    return url;
  };

  const refuseAddress = (url: URL, address: string, code: RefusalCode): void => {
    const problem = addressProblem(address, allowed);
    if (problem === undefined) return;
    throw new CodedError(code, `Expected ${redactUrl(url)} to lie at a public address, got ${problem}`);
  };

  return {
    check,
    async resolve(text, code = 'SOURCE_FORBIDDEN') {
      const url = check(text, code);
      const host = normalHost(url.hostname);
      const family = isIP(host);
      const addresses = family === 4 || family === 6 ? [{ address: host, family } as const] : await resolver(host);
      // One forbidden address among good ones is refused too: the connection might take that one.
      for (const { address } of addresses) refuseAddress(url, address, code);
      const [first, ...rest] = addresses;
      if (first === undefined) throw unresolved(host);
      return { url, addresses: [first, ...rest] };
    },
  };
}

/** Lower case, without the brackets of IPv6 and without the dot of the DNS root. */
function normalHost(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function matches(host: string, pattern: string): boolean {
  if (pattern === '*') return true;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

async function systemResolver(host: string): Promise<PinnedAddress[]> {
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } catch (error) {
    throw unresolved(host, error);
  }
}

function unresolved(host: string, cause?: unknown): CodedError {
  return new CodedError('SOURCE_UNAVAILABLE', `Expected the host ${host} to have an address, got none`, { cause });
}

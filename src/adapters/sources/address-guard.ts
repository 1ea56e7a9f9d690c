import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CodedError } from '../../errors/coded-error.ts';
import { redactUrl } from '../../lib/redact-url.ts';
import { addressProblem, parseRanges } from './address-ranges.ts';

export interface SourcePolicy {
  /** Hosts that sources may come from: `media.example.com`, `*.example.com` (subdomains), `*` (any). */
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

/** All addresses of a host, as the system resolves it. */
export type Resolver = (host: string) => Promise<readonly PinnedAddress[]>;

/**
 * Decides from where sources may be fetched. Every request and every redirect is checked here; metadata services and
 * private networks are rejected, whatever name leads to them.
 */
export class AddressGuard {
  readonly #allowed: ReturnType<typeof parseRanges>;
  readonly #patterns: readonly string[];
  readonly #resolver: Resolver;

  /** Throws RangeError for a range that cannot be parsed. */
  constructor(policy: SourcePolicy, resolver: Resolver = systemResolver) {
    this.#allowed = parseRanges(policy.allowedRanges);
    this.#patterns = policy.hosts.map(normalHost).filter((host) => host !== '');
    this.#resolver = resolver;
  }

  /** Checks all that needs no DNS: scheme, credentials, host list, literal addresses. Throws `SOURCE_HOST_NOT_ALLOWED`. */
  check(text: string): URL {
    if (!URL.canParse(text)) throw notAllowed('Expected an http or https URL, got a text that is no URL');
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw notAllowed(`Expected an http or https URL, got one of scheme ${url.protocol}`);
    }
    if (url.username !== '' || url.password !== '') {
      throw notAllowed(`Expected a URL without user name and password, got one with them for ${url.host}`);
    }
    const host = normalHost(url.hostname);
    if (!this.#patterns.some((pattern) => matches(host, pattern))) {
      throw notAllowed(`Expected a host of the allowed source hosts, got ${host}`);
    }
    if (isIP(host) !== 0) this.#checkAddress(url, host);
    return url;
  }

  /**
   * Resolves the host and checks every address. A connection must use the returned ones: a second look-up may give
   * another answer (DNS rebinding). Rejects as `check` throws, and with `SOURCE_UNAVAILABLE` when there is no address.
   */
  async resolve(text: string): Promise<GuardedUrl> {
    const url = this.check(text);
    const host = normalHost(url.hostname);
    const family = isIP(host);
    const addresses = family === 4 || family === 6 ? [{ address: host, family } as const] : await this.#resolver(host);
    // One forbidden address among allowed ones is rejected too: the connection might use that one.
    for (const { address } of addresses) this.#checkAddress(url, address);
    const [first, ...rest] = addresses;
    if (first === undefined) throw unresolved(host);
    return { url, addresses: [first, ...rest] };
  }

  #checkAddress(url: URL, address: string): void {
    const problem = addressProblem(address, this.#allowed);
    if (problem === undefined) return;
    throw notAllowed(`Expected ${redactUrl(url)} to have a public address, got ${problem}`);
  }
}

function notAllowed(message: string): CodedError {
  return new CodedError('SOURCE_HOST_NOT_ALLOWED', message);
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
  return new CodedError('SOURCE_UNAVAILABLE', `Expected the host ${host} to have an address, but it does not resolve`, {
    cause,
  });
}

import { CodedError } from '../../errors/coded-error.ts';
import { redactUrls } from '../../lib/redact-url.ts';

/** The servers of NATS, and how to log in there. */
export interface NatsAddress {
  /** `host:port` of servers of one cluster; any of them is enough. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  readonly login?: { readonly user: string; readonly password: string } | { readonly token: string };
}

const defaultPort = 4222;

/**
 * Reads `nats://host:4222`, several of them separated by commas, with `tls://` where the connection must be encrypted, and
 * with `user:password@` or `token@` before the first host.
 *
 * @throws CodedError `INVALID_REQUEST`; its message contains no password
 */
export function parseAddress(text: string): NatsAddress {
  const parts = text.split(',').map((part) => part.trim());
  const urls = parts.map((part) => {
    const url = URL.canParse(part) ? new URL(part) : undefined;
    if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
      throw new CodedError(
        'INVALID_REQUEST',
        `Expected nats://HOST:PORT or tls://HOST:PORT, got ${withoutLogin(part)}`,
      );
    }
    return url;
  });
  const login = urls.map(loginOf).find((one) => one !== undefined);
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port === '' ? defaultPort : port}`),
    tls: urls.some(({ protocol }) => protocol === 'tls:'),
    ...(login !== undefined && { login }),
  };
}

/** The part after the last `@` of a text that may not be a URL: it contains no password. */
function withoutLogin(part: string): string {
  const rest = redactUrls(part);
  return rest.slice(rest.lastIndexOf('@') + 1).slice(0, 100) || 'nothing';
}

function loginOf({ username, password }: URL): NatsAddress['login'] {
  const user = decodeURIComponent(username);
  if (user === '') return undefined;
  return password === '' ? { token: user } : { user, password: decodeURIComponent(password) };
}

import { AddressGuard } from '../adapters/sources/address-guard.ts';
import type { ApiServices } from '../api/services.ts';
import type { Config } from '../config/load-config.ts';
import { CodedError } from '../errors/coded-error.ts';

export function addressGuardOf({ hosts, allowedRanges }: Config['sources']): AddressGuard {
  return new AddressGuard({ hosts, allowedRanges });
}

/** Rejects early what a worker would reject later. A name that does not resolve is an error of the client. */
export function sourceCheck(sources: Config['sources']): ApiServices['checkSource'] {
  const guard = addressGuardOf(sources);
  return async (url) => {
    try {
      await guard.resolve(url);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'SOURCE_UNAVAILABLE') throw error;
      throw new CodedError('SOURCE_NOT_FOUND', error.message, { cause: error });
    }
  };
}

import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [address: Address, prefixBits: number];

/** Global unicast (RFC 4291, section 2.4): everything else in IPv6 is local, special or unassigned. */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
/** Well-known prefix of NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is reached. */
const nat64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96];

/** Public by its range, yet a metadata service: Azure's wire server. The other metadata addresses are link-local. */
const metadataAddresses: ReadonlySet<string> = new Set(['168.63.129.16']);

/** Parses CIDR ranges such as `10.0.0.0/8` and `fd00::/8`; throws a RangeError that names the first invalid one. */
export function parseRanges(ranges: readonly string[]): readonly Range[] {
  return ranges.map((range) => {
    if (!ipaddr.isValidCIDR(range)) throw new RangeError(`Expected a CIDR range such as 10.0.0.0/8, got ${range}`);
    return ipaddr.parseCIDR(range);
  });
}

/**
 * Why an address must not be connected to, in a few words; `undefined` when it may: it is public, or within one of the
 * `allowed` ranges. For an IPv6 address that contains an IPv4 address, that one counts.
 */
export function addressProblem(text: string, allowed: readonly Range[]): string | undefined {
  if (!ipaddr.isValid(text)) return 'not an IP address';
  const address = reachedAddress(ipaddr.process(text));
  if (allowed.some((range) => within(address, range))) return undefined;
  if (address instanceof ipaddr.IPv6 && !address.match(globalUnicast)) return describe(address.range());
  if (metadataAddresses.has(address.toString())) return 'a metadata address';
  const range = address.range();
  return range === 'unicast' ? undefined : describe(range);
}

/** The IPv4 address behind a NAT64 address. IPv4-mapped addresses are converted by the parser. */
function reachedAddress(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6) || !address.match(nat64)) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
}

function within(address: Address, [network, bits]: Range): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}

function describe(range: string): string {
  // ipaddr.js names ranges in camel case: linkLocal.
  const words = range.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return range === 'unicast' ? 'an address that is not global' : `a ${words} address`;
}

import type { FastifyReply } from 'fastify';

/** Links to the next page of a list with a `Link` header (RFC 8288), so that the body stays as documented. */
export function linkNextPage(
  reply: FastifyReply,
  path: string,
  query: Readonly<Record<string, string | number>>,
  cursor: string | undefined,
): void {
  if (cursor === undefined) return;
  const parameters = new URLSearchParams({ cursor });
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  reply.header('link', `<${path}?${parameters.toString()}>; rel="next"`);
}

/** Media type of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export const eventStreamType = 'text/event-stream; charset=utf-8';

export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** One event in the format of the stream. JSON has no raw line breaks, so it is one `data` line. */
export function eventText({ event, id, data }: ServerEvent): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A line that clients ignore; it keeps proxies from closing a quiet connection. */
export const heartbeat = ': heartbeat\n\n';

/** How long a client waits before it reconnects, in milliseconds. */
export function retryText(milliseconds: number): string {
  return `retry: ${milliseconds}\n\n`;
}

/** One server-sent event. */
export interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** A connection to an event stream, read event by event. */
export class Stream implements AsyncDisposable {
  readonly status: number;
  readonly headers: Headers;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #abort: AbortController;
  #text = '';

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.headers = response.headers;
    this.#reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    this.#abort = abort;
  }

  /** The events of a job from the server at `url`, from where `lastEventId` leaves off. */
  static async open(
    { url, key }: { readonly url: string; readonly key: string },
    name: string,
    lastEventId?: string,
  ): Promise<Stream> {
    const abort = new AbortController();
    const headers = { 'x-api-key': key, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
    return new Stream(await fetch(`${url}/apis/render-jobs/${name}/events`, { headers, signal: abort.signal }), abort);
  }

  /** The next block of text up to an empty line; undefined at the end. */
  async block(): Promise<string | undefined> {
    while (!this.#text.includes('\n\n')) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += Buffer.from(value).toString('utf8');
    }
    const end = this.#text.indexOf('\n\n');
    const block = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return block;
  }

  /** The next event, past heartbeats. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const block = await this.block();
      if (block === undefined) return undefined;
      const [, event, id, data] = /^event: (.*)\nid: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined && id !== undefined && data !== undefined) return { event, id, data };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reader.cancel().catch(() => undefined);
  }
}

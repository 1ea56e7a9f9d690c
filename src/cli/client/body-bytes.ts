/** The bytes of a response as they arrive. */
export async function* bodyBytes(response: Response): AsyncGenerator<Uint8Array> {
  for await (const chunk of response.body ?? []) {
    const piece: unknown = chunk;
    if (piece instanceof Uint8Array) yield piece;
  }
}

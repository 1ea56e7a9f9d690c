import { list, number, text } from '../client/json.ts';

/** How a trim was made and how exact it is, in one line; `undefined` where nothing was trimmed. */
export function precisionText(precision: unknown): string | undefined {
  const method = text(precision, 'method');
  if (method === undefined) return undefined;
  const [copied, encoded] = [number(precision, 'copiedFrames'), number(precision, 'encodedFrames')];
  const where = list(precision, 'encoded').map(
    (part) => `${number(part, 'start') ?? '?'}-${number(part, 'end') ?? '?'} s`,
  );
  const errors = [
    ['start', number(precision, 'startErrorSeconds')],
    ['end', number(precision, 'endErrorSeconds')],
  ] as const;
  const parts = [
    copied ? `${copied} pictures copied` : undefined,
    encoded ? `${encoded} encoded${where.length > 0 ? ` (${where.join(', ')})` : ''}` : undefined,
    ...errors.map(([name, seconds]) => (seconds === undefined ? undefined : `${name} off by ${seconds} s`)),
    text(precision, 'why'),
  ];
  return `${method}: ${parts.filter((part) => part !== undefined).join(', ')}`;
}

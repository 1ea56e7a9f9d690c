/** A URL for logs, errors and results: without credentials, query and fragment, which may hold secrets. */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? (URL.canParse(url) ? new URL(url) : undefined) : url;
  if (parsed === undefined) return '[not a URL]';
  // Schemes without an authority, such as data:, hold their content in the path.
  if (parsed.host === '') return `${parsed.protocol}[…]`;
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

/** Redacts every URL within a text, for example a line of FFmpeg's log. */
export function redactUrls(text: string): string {
  return text.replaceAll(urlInText, (url) => {
    const [, scheme = '', authority = '', path = ''] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)([^?#]*)/i.exec(url) ?? [];
    return `${scheme}${authority.slice(authority.lastIndexOf('@') + 1)}${path}`;
  });
}

/** Up to white space: quotes and brackets may belong to a URL, and to hide too much of a log is safer than too little. */
const urlInText = /[a-z][a-z0-9+.-]{0,20}:\/\/\S+/gi;

/** The changelog with the section *Unreleased* turned into that of a version, or why that cannot be done. */
export type ClosedChangelog =
  | { readonly ok: true; readonly text: string; readonly section: string }
  | { readonly ok: false; readonly why: string };

/**
 * Turns `## Unreleased` of a changelog in the format of Keep a Changelog into `## VERSION - DATE`, below a new empty one.
 *
 * @param date ISO 8601, such as 2026-11-30
 */
export function closeUnreleased(text: string, version: string, date: string): ClosedChangelog {
  const heading = /^## Unreleased$/m.exec(text);
  if (heading === null) return { ok: false, why: 'expected a section "## Unreleased" in CHANGELOG.md, found none' };
  const start = heading.index + heading[0].length;
  const next = text.indexOf('\n## ', start);
  const section = text.slice(start, next === -1 ? undefined : next).trim();
  if (section === '') return { ok: false, why: 'the section "## Unreleased" is empty: there is nothing to release' };
  if (text.includes(`\n## ${version} `)) return { ok: false, why: `CHANGELOG.md has a section ${version} already` };
  const rest = next === -1 ? '' : text.slice(next);
  const closed = `${text.slice(0, start)}\n\n## ${version} - ${date}\n\n${section}\n${rest}`;
  return { ok: true, text: closed, section };
}

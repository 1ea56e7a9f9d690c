const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

/** The English name of a language for the menus of players; `undefined` without a tag and for unknown tags. */
export function languageName(tag: string | undefined): string | undefined {
  if (tag === undefined) return undefined;
  try {
    return names.of(tag);
  } catch {
    return undefined;
  }
}

/** The shortest tag (BCP 47) of the language in a file; `undefined` when it is not a valid tag. */
export function shortTag(language: string | undefined): string | undefined {
  if (language === undefined || !/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$/.test(language)) return undefined;
  try {
    const [tag] = Intl.getCanonicalLocales(language);
    return tag === 'und' ? undefined : tag;
  } catch {
    return undefined;
  }
}

/** The same names, with a number after each repeated one. */
export function uniqueNames(wanted: readonly string[]): string[] {
  return wanted.map((name, index) => {
    const before = wanted.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name} ${before + 1}`;
  });
}

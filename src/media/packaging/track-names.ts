const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

/** The English name of a language, as menus of players show it; `undefined` for none and for unknown tags. */
export function languageName(tag: string | undefined): string | undefined {
  if (tag === undefined) return undefined;
  try {
    return names.of(tag);
  } catch {
    return undefined;
  }
}

/** The shortest tag of a language (BCP 47) from what a file says; `undefined` when that is no tag. */
export function shortTag(language: string | undefined): string | undefined {
  if (language === undefined || !/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$/.test(language)) return undefined;
  try {
    const [tag] = Intl.getCanonicalLocales(language);
    return tag === 'und' ? undefined : tag;
  } catch {
    return undefined;
  }
}

/** The same names, with a number where one is there already. */
export function uniqueNames(wanted: readonly string[]): string[] {
  return wanted.map((name, index) => {
    const before = wanted.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name} ${before + 1}`;
  });
}

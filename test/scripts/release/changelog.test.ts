import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { closeUnreleased } from '../../../scripts/release/changelog.ts';
import { inCheckout } from '../../support/checkout.ts';

const text = '# Changelog\n\n## Unreleased\n\n### Added\n\n- A\n\n## 0.1.0 - 2026-01-01\n\n- B\n';

describe('the changelog at a release', () => {
  it('gets a section of the version below an empty "Unreleased"', () => {
    expect(closeUnreleased(text, '0.2.0', '2026-11-30')).toEqual({
      ok: true,
      section: '### Added\n\n- A',
      text: '# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-11-30\n\n### Added\n\n- A\n\n## 0.1.0 - 2026-01-01\n\n- B\n',
    });
  });

  it.each([
    ['without "Unreleased"', '# Changelog\n', 'found none'],
    ['with an empty one', '# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-01-01\n', 'nothing to release'],
    ['that has the version', text, '0.1.0 already'],
  ])('is not closed %s', (_case, changelog, why) => {
    const closed = closeUnreleased(changelog, '0.1.0', '2026-11-30');
    expect(closed.ok ? '' : closed.why).toContain(why);
  });

  it('of this repository can be closed', () => {
    expect(closeUnreleased(readFileSync(inCheckout('CHANGELOG.md'), 'utf8'), '99.0.0', '2026-11-30').ok).toBe(true);
  });
});

import type { TestProject } from 'vitest/node';

/** Reports once that the cluster tests, and the builds that they need, are not part of the run. */
export function setup({ vitest, name }: TestProject): void {
  const names = vitest.projects.map((project) => project.name);
  if (names.includes('cluster') || names[0] !== name) return;
  console.error('cluster tests (*.ktest.ts) are not part of this run: no control plane is built or started');
}

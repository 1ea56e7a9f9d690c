import { expect } from 'vitest';

// Asymmetric matchers under a type that lint can check: vitest gives them as `any`.

export const anyText: unknown = expect.any(String);
export const anyNumber: unknown = expect.any(Number);

export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createRenderMetrics } from '../../src/observability/render-metrics.ts';

it('counts an attempt by its backend and outcome, and each fallback by its cause', async () => {
  const registry = new Registry();
  const metrics = createRenderMetrics(registry);
  metrics.attemptEnded({
    outcome: 'Succeeded',
    acceleration: {
      backend: 'vaapi',
      fallbacks: [
        { from: 'qsv-full', cause: 'no-session', message: 'no session on /dev/dri/renderD128' },
        { from: 'qsv-encode', cause: 'no-session', message: 'no session on /dev/dri/renderD128' },
      ],
    },
  });
  const text = await registry.metrics();
  expect(text).toMatch(/^framewright_renders_total\{backend="vaapi",outcome="succeeded"\} 1$/m);
  expect(text).toMatch(/^framewright_encoder_fallbacks_total\{from="qsv-full",cause="no-session"\} 1$/m);
  expect(text).toMatch(/^framewright_encoder_fallbacks_total\{from="qsv-encode",cause="no-session"\} 1$/m);
});

it('counts an attempt that ended before its plan was made under no backend', async () => {
  const registry = new Registry();
  createRenderMetrics(registry).attemptEnded({ outcome: 'Failed' });
  expect(await registry.metrics()).toMatch(/^framewright_renders_total\{backend="none",outcome="failed"\} 1$/m);
});

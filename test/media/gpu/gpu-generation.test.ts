import fc from 'fast-check';
import { expect, it } from 'vitest';
import { generationOf, vendorName } from '../../../src/media/gpu/gpu-generation.ts';

it.each([
  ['0x1616', 'Broadwell', 'libmfx1'],
  ['0x5916', 'Kaby Lake', 'libmfx1'],
  ['0x8A52', 'Ice Lake', 'libmfx1'],
  ['0x4e61', 'Elkhart Lake or Jasper Lake', 'libmfx1'],
  ['0x9a49', 'Tiger Lake', 'libmfx-gen1.2'],
  ['0x46d1', 'Alder Lake', 'libmfx-gen1.2'],
  ['0x56c0', 'Data Center GPU Flex', 'libmfx-gen1.2'],
  ['0x56a0', 'Arc A (DG2)', 'libmfx-gen1.2'],
  ['0x7d55', 'Meteor Lake or Arrow Lake', 'libmfx-gen1.2'],
  ['0xe20b', 'Arc B (Battlemage)', 'libmfx-gen1.2'],
  ['0x0bd5', 'Data Center GPU Max', undefined],
])('knows %s as %s, which needs %s', (device, name, runtime) => {
  expect(generationOf(device)?.name).toBe(name);
  expect(generationOf(device)?.runtime).toBe(runtime);
});

it('encodes AV1 from Arc on and VP9 from Ice Lake on', () => {
  expect(generationOf('0x9a49')?.encodes.av1).toBeUndefined();
  expect(generationOf('0x56a0')?.encodes.av1).toBe(10);
  expect(generationOf('0x5916')?.encodes.vp9).toBeUndefined();
  expect(generationOf('0x8a52')?.encodes.vp9).toBe(10);
});

it('knows nothing of what is not a device number', () => {
  expect(generationOf(undefined)).toBeUndefined();
  expect(generationOf('0x0')).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => generationOf(`${text}g`) === undefined));
});

it('names makers, and gives the number of one that it does not know', () => {
  expect(vendorName('0x1002')).toBe('AMD');
  expect(vendorName('0x10DE')).toBe('NVIDIA');
  expect(vendorName('0xabcd')).toBe('0xabcd');
});

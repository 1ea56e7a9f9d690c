import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/adapters/nats/address.ts';

describe('the address of NATS', () => {
  it.each([
    ['nats://nats:4222', { servers: ['nats:4222'], tls: false }],
    ['nats://nats', { servers: ['nats:4222'], tls: false }],
    ['tls://nats.example.com', { servers: ['nats.example.com:4222'], tls: true }],
    ['nats://a:1, nats://b:2', { servers: ['a:1', 'b:2'], tls: false }],
    ['nats://[::1]:4222', { servers: ['[::1]:4222'], tls: false }],
    ['nats://me:p%40ss@a', { servers: ['a:4222'], tls: false, login: { user: 'me', password: 'p@ss' } }],
    ['nats://s3cret@a', { servers: ['a:4222'], tls: false, login: { token: 's3cret' } }],
  ])('%j is read', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each(['', 'nats', 'nats:4222', 'http://nats', 'ws://nats', 'nats://', 'nats://a,b', 'nats://a:99999'])(
    '%j is rejected with the expected form',
    (text) => {
      expect(() => parseAddress(text)).toThrow(/^Expected nats:\/\/HOST:PORT or tls:\/\/HOST:PORT, got /);
    },
  );

  it.each([
    'http://me:hunter2@nats',
    'nats://me:hunter2@a b',
    'me:hunter2@nats',
    'nats://me:hunter2@',
    'nats://me:%zz@a',
  ])('no error contains a password: %j', (text) => {
    expect(() => parseAddress(text)).toThrow(/^(?!.*(hunter2|%zz))/);
  });
});

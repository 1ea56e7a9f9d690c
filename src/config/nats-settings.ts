import { z } from 'zod';
import { clusterVerbs, optionalPath, type SettingGroup, wholeNumber } from './setting.ts';

/** `nats://` or `tls://`, a user before the host, and further servers after commas. */
const address = /^(nats|tls):\/\/[^\s/,@]+(@[^\s/,@]+)?(,(nats|tls):\/\/[^\s/,@]+)*$/;

/** NATS, which carries progress in a cluster. */
export const natsSettings = {
  url: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_NATS_URL',
    flag: 'nats',
    secret: true,
    schema: z
      .string()
      .transform((text) => text.replaceAll(/\/+(?=,|$)/g, ''))
      .refine((text) => text === '' || address.test(text), {
        error: 'expected nats://HOST:PORT or tls://HOST:PORT, or several of them separated by commas',
      })
      .transform((text) => (text === '' ? undefined : text)),
    default: '',
    about:
      'NATS servers that carry progress, such as `nats://nats:4222`; may hold `user:password@`. Without it jobs render and show no progress.',
  },
  credentialsFile: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_NATS_CREDENTIALS_FILE',
    schema: optionalPath,
    default: '',
    about: 'Credentials file (.creds) for the NATS server; read again for each connection.',
  },
  caFile: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_NATS_CA_FILE',
    schema: optionalPath,
    default: '',
    about: 'Authorities (PEM) of the certificate of the NATS server; those of the system when empty.',
  },
  accountSeedFile: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_NATS_ACCOUNT_SEED_FILE',
    schema: optionalPath,
    default: '',
    about:
      'Seed (SA…) of the NATS account or of one of its signing keys; with it each worker gets credentials that allow its own progress only.',
  },
  account: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_NATS_ACCOUNT',
    schema: z
      .string()
      .regex(/^(A[A-Z2-7]{55})?$/, { error: 'expected the public key of an account: A and 55 more characters' })
      .transform((text) => (text === '' ? undefined : text)),
    default: '',
    about: 'Public key (A…) of the NATS account, where the seed is that of a signing key.',
  },
  storage: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_NATS_STORAGE',
    schema: z.enum(['memory', 'file'], { error: 'expected memory or file' }),
    default: 'memory',
    about: 'Where NATS keeps the last progress message of each job; applies when the stream is created.',
  },
  replicas: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_NATS_REPLICAS',
    schema: wholeNumber(1, 5),
    default: '1',
    about: 'Servers of the NATS cluster that keep these messages.',
  },
  maxAgeSeconds: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_NATS_MAX_AGE_SECONDS',
    schema: wholeNumber(60, 604_800),
    default: '3600',
    about: 'How long the last progress message of a job is kept.',
  },
} as const satisfies SettingGroup;

import type { z } from 'zod';
import { clusterSettings, leaseSettings, metricsSettings, objectsSettings } from './cluster-settings.ts';
import { admissionSettings, jobSettings } from './job-settings.ts';
import { mediaSettings, sourceSettings } from './media-settings.ts';
import { natsSettings } from './nats-settings.ts';
import { s3Settings } from './s3-settings.ts';
import { limitSettings, logSettings, serverSettings, standaloneSettings } from './server-settings.ts';
import type { Setting, SettingGroup } from './setting.ts';

/** Every setting by its concern: the one source of the Config, `--help` and `docs/reference/configuration.md`. */
export const settings = {
  standalone: standaloneSettings,
  server: serverSettings,
  limits: limitSettings,
  sources: sourceSettings,
  media: mediaSettings,
  jobs: jobSettings,
  log: logSettings,
  cluster: clusterSettings,
  objects: objectsSettings,
  s3: s3Settings,
  nats: natsSettings,
  admission: admissionSettings,
  lease: leaseSettings,
  metrics: metricsSettings,
} as const;

type Settings = typeof settings;

/** The validated settings of a process, by concern. Parts of it are handed on, never the whole. */
export type Config = {
  readonly [Group in keyof Settings]: {
    readonly [Key in keyof Settings[Group]]: Settings[Group][Key] extends { readonly schema: z.ZodType }
      ? z.output<Settings[Group][Key]['schema']>
      : never;
  };
};

/** The table of settings, for the documentation and `--help`. */
export const configTable: readonly (Setting & { readonly group: string; readonly key: string })[] =
  Object.entries<SettingGroup>(settings).flatMap(([group, table]) =>
    Object.entries(table).map(([key, setting]) => ({ group, key, ...setting })),
  );

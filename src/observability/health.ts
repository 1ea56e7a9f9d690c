/** State of the installation for `/health` and the job list. */
export interface HealthFacts {
  /** The job store answers. */
  readonly storeOk: boolean;
  /** An Intel Quick Sync encoder can be used. */
  readonly qsv: boolean;
  /** The installation is degraded without such an encoder. */
  readonly qsvExpected: boolean;
  /** At least one worker can be started. */
  readonly canRun: boolean;
  /** Workers that can take a stage now, busy or idle. */
  readonly workers: number;
  /** Workers that render now. */
  readonly busyWorkers: number;
  /** Workers that the configuration allows. */
  readonly maxWorkers: number;
  /** Jobs that have not ended. */
  readonly queued: number;
  /** An operator starts queued jobs; absent where the server itself does. */
  readonly operator?: boolean;
  /** State of the connections of a cluster; absent where the installation has none. */
  readonly nats?: boolean;
  readonly kubernetes?: boolean;
}

/** Assumed when the state cannot be determined. */
export const unknownHealth: HealthFacts = {
  storeOk: false,
  qsv: false,
  qsvExpected: false,
  canRun: false,
  workers: 0,
  busyWorkers: 0,
  maxWorkers: 0,
  queued: 0,
};

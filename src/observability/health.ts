/** What `/health` and the job list know of the installation. */
export interface HealthFacts {
  /** The job store answers. */
  readonly storeOk: boolean;
  /** An Intel Quick Sync encoder can be used. */
  readonly qsv: boolean;
  /** Without one this installation is degraded. */
  readonly qsvExpected: boolean;
  /** At least one worker can be started. */
  readonly canRun: boolean;
  /** Workers that can take a stage now, busy or idle. */
  readonly workers: number;
  /** Those of them that render. */
  readonly busyWorkers: number;
  /** Workers that the configuration allows. */
  readonly maxWorkers: number;
  /** Jobs that have not ended. */
  readonly queued: number;
  /** Whether an operator starts what waits; absent where the server itself does. */
  readonly operator?: boolean;
  /** Connections of a cluster; absent where the installation has none. */
  readonly nats?: boolean;
  readonly kubernetes?: boolean;
}

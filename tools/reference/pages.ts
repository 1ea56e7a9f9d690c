import { cliPage } from './cli-page.ts';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { metricsPage } from './metrics-page.ts';
import { probePage } from './probe-page.ts';
import { renderJobPage } from './render-job-page.ts';

/** Every generated page of the reference by its file name. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['cli.md', await cliPage()],
    ['configuration.md', configurationPage()],
    ['errors.md', errorsPage()],
    ['metrics.md', metricsPage()],
    ['probe.md', probePage()],
    ['render-job.md', renderJobPage()],
  ]);
}

import { crdFiles } from '../src/model/crd/crd-files.ts';
import type { GeneratedFiles } from './generated-files.ts';
import { openApiDocument } from './openapi-document.ts';
import { referencePages } from './reference/pages.ts';

/** Everything in the repository that is generated, by name. */
export const generators: Readonly<Record<string, () => Promise<GeneratedFiles>>> = {
  crds: async () => ({ folder: 'crds', files: crdFiles() }),
  openapi: async () => ({
    folder: 'docs/reference',
    files: new Map([['openapi.json', `${JSON.stringify(await openApiDocument(), null, 2)}\n`]]),
  }),
  reference: async () => ({ folder: 'docs/reference', files: await referencePages() }),
};

import { dump } from 'js-yaml';
import { renderJobDefinition } from './render-job-crd.ts';

const header = `# Generated from the model in src/model; change that and run \`npm run generate\`.
# Needs Kubernetes 1.25 or later (rules in CEL); selectableFields take effect from 1.31 on.
`;

/** Every CustomResourceDefinition by its file name, as YAML; the same bytes for the same model. */
export function crdFiles(): ReadonlyMap<string, string> {
  const definition = renderJobDefinition();
  const file = `${definition.spec.group}_${definition.spec.names.plural}.yaml`;
  return new Map([[file, header + dump(definition, { noRefs: true, lineWidth: -1, seqNoIndent: true })]]);
}

import { deviceCauses, type Finding } from './device-causes.ts';
import { accessFindings, machineFindings } from './device-diagnosis-access.ts';
import { driverFindings } from './device-diagnosis-driver.ts';
import { encodeFindings } from './device-diagnosis-encodes.ts';
import type { MachineFacts, NodeFacts } from './device-facts.ts';
import { intelVendor } from './gpu-generation.ts';

const weights = ['blocks', 'limits', 'note'] as const;

/** The known causes that the facts show, the gravest first. Pure. */
export function diagnose(facts: MachineFacts): Finding[] {
  const found = [...machineFindings(facts), ...facts.nodes.flatMap((node) => nodeFindings(node, facts))];
  return found.toSorted((a, b) => weightOf(a) - weightOf(b));
}

/** The first obstacle hides those after it: only what was reached is diagnosed. */
function nodeFindings(node: NodeFacts, facts: MachineFacts): Finding[] {
  const access = accessFindings(node, facts);
  if (access.length > 0) return access;
  return [...driverFindings(node, facts), ...encodeFindings(node)];
}

/** Whether this machine has an Intel GPU, usable or not. */
export function hasIntelGpu({ nodes, displays }: Pick<MachineFacts, 'nodes' | 'displays'>): boolean {
  return [...nodes, ...displays].some(({ vendor }) => vendor === intelVendor);
}

function weightOf({ cause }: Finding): number {
  return weights.indexOf(deviceCauses[cause].weight);
}

import { describe, expect, it } from 'vitest';
import { operationTypes } from '../../src/model/job/operations.ts';
import { describeRows } from './backends/matrix.ts';
import { copies, corrections, edits } from './backends/rows.ts';

describe('the matrix of operations, codecs and backends', () => {
  it('has a row for every operation there is', () => {
    const covered = new Set([...corrections, ...edits].map(({ operation }) => operation));
    expect(covered).toEqual(new Set([...operationTypes, 'output']));
  });
});

describeRows('every edit to every codec on every backend', edits, copies);

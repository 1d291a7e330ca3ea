import fc from 'fast-check';
import type { FeatureConfig } from '../../lib/contract';
import { completeInputs } from '../../runtime/src/features/complete-inputs';
import { planFeatures } from '../../runtime/src/features/feature-plan';
import type { Signature } from '../../runtime/src/model';
import { featuresConfig } from '../support/features';

const WIDTH = 6;

/** A matrix and a column. */
const SIGNATURE: Signature = {
  inputs: [
    { name: 'matrix', datatype: 'FP32', shape: [-1, WIDTH], symbols: ['N', undefined] },
    { name: 'single', datatype: 'INT64', shape: [-1], symbols: ['N'] },
  ],
  outputs: [],
};

/** Which columns are looked up, whether the single input is, and what the store has: a number, or nothing. */
const CASES = fc.record({
  columns: fc.uniqueArray(fc.integer({ min: 0, max: WIDTH - 1 }), { minLength: 1 }),
  single: fc.boolean(),
  rows: fc.array(
    fc.array(fc.option(fc.integer({ min: -999, max: 999 })), { minLength: WIDTH + 1, maxLength: WIDTH + 1 }),
  ),
});

test('every value gets to its row and column, whichever of them are looked up', () => {
  fc.assert(
    fc.property(CASES, ({ columns, single, rows }) => {
      const features: FeatureConfig[] = [
        ...columns.map((column) => ({ name: `c${column}`, input: 'matrix', column, defaultValue: 5000 + column })),
        ...(single ? [{ name: 'single', input: 'single', defaultValue: -1 }] : []),
      ];
      const plan = planFeatures(SIGNATURE, featuresConfig({ address: 'x:1', features }));
      const sentColumns = Array.from({ length: WIDTH }, (_, column) => column).filter((c) => !columns.includes(c));
      const byName = new Map([
        [
          'matrix',
          {
            datatype: 'FP32' as const,
            shape: [rows.length, sentColumns.length],
            data: Float32Array.from(rows.flatMap((row) => sentColumns.map((column) => row[column] ?? 0))),
          },
        ],
        [
          'single',
          {
            datatype: 'INT64' as const,
            shape: [rows.length],
            data: BigInt64Array.from(rows.map((row) => BigInt(row[WIDTH] ?? 0))),
          },
        ],
        ['card', { datatype: 'BYTES' as const, shape: [rows.length, 1], data: rows.map(() => 'x') }],
      ]);
      const sent = plan.signature.inputs.map(({ name, shape }) => {
        const tensor = byName.get(name);
        expect(tensor?.shape.slice(1)).toEqual(shape.slice(1));
        return tensor!;
      });
      const replies = rows.map((row) =>
        features.map(({ column }) => {
          const value = row[column ?? WIDTH];
          return value === null ? null : Buffer.from(String(value));
        }),
      );
      const { inputs, counts } = completeInputs(plan, sent, replies, undefined);
      const expectedMatrix = rows.flatMap((row) =>
        Array.from({ length: WIDTH }, (_, column) => row[column] ?? (columns.includes(column) ? 5000 + column : 0)),
      );
      expect([...inputs[0].data]).toEqual(expectedMatrix);
      expect(inputs[0].shape).toEqual([rows.length, WIDTH]);
      expect([...inputs[1].data].map(Number)).toEqual(rows.map((row) => row[WIDTH] ?? (single ? -1 : 0)));
      expect(counts.map(({ found, missing }) => found + missing)).toEqual(features.map(() => rows.length));
    }),
  );
});

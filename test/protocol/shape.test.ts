import type { TensorSpec } from '../../runtime/src/model';
import { checkRows } from '../../runtime/src/protocol/shape';

const input = (name: string, first: number, symbol?: string): TensorSpec => ({
  name,
  datatype: 'FP32',
  shape: [first, 2],
  symbols: [symbol, undefined],
});

describe('numbers of rows', () => {
  const shapes = [
    [2, 2],
    [1, 2],
  ];

  it('must agree where the model leaves all of them open', () => {
    expect(() => checkRows(shapes, [input('a', -1), input('b', -1)])).toThrow(
      "All inputs must have the same number of rows; input 'a' has 2, 'b' has 1.",
    );
    expect(() =>
      checkRows(
        [
          [2, 2],
          [2, 2],
        ],
        [input('a', -1), input('b', -1)],
      ),
    ).not.toThrow();
  });

  it.each([
    ['the model fixes one', [input('a', -1), input('b', 1)]],
    ['the model names them differently', [input('a', -1, 'queries'), input('b', -1, 'documents')]],
    ['an input has no dimension', [input('a', -1), { ...input('b', -1), shape: [], symbols: [] }]],
  ])('may differ where %s', (_what, specs) => {
    expect(() => checkRows(shapes, specs)).not.toThrow();
  });
});

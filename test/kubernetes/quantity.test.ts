import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import {
  bytesOf,
  mebibytes,
  millicoresOf,
  millisOf,
  parseQuantity,
  readableBytes,
  readableMillis,
} from '../../lib/kubernetes';

test.each<[unknown, number]>([
  ['1', 1],
  [2, 2],
  ['500m', 0.5],
  ['1.5', 1.5],
  ['1e3', 1000],
  ['1E3', 1000],
  ['1E', 1e18],
  ['64Mi', 64 * 2 ** 20],
  ['1Gi', 2 ** 30],
  ['1G', 1e9],
  ['10k', 10_000],
  ['1Xi', Number.NaN],
  ['', Number.NaN],
  ['Mi', Number.NaN],
  [undefined, Number.NaN],
])('the quantity %p is %p', (quantity, expected) => {
  expect(parseQuantity(quantity)).toBe(expected);
});

test('sizes, durations and amounts of CPU keep their fractions', () => {
  expect(bytesOf(Size.gibibytes(0.5))).toBe(2 ** 29);
  expect(bytesOf(Size.kibibytes(1.0001))).toBe(1025);
  expect(millisOf(Duration.seconds(1.5))).toBe(1500);
  expect(millisOf(Duration.millis(0.5))).toBe(0.5);
  expect([Cpu.millis(250), Cpu.units(2), Cpu.units(0.5)].map(millicoresOf)).toEqual([250, 2000, 500]);
});

test('quantities are rounded up', () => {
  expect([1, 2 ** 20, 2 ** 20 + 1].map(mebibytes)).toEqual(['1Mi', '1Mi', '2Mi']);
});

test('messages show readable numbers', () => {
  expect([10, 1536, 2 ** 30].map(readableBytes)).toEqual(['10 bytes', '1.5 KiB', '1 GiB']);
  expect([100, 1500, 60_000].map(readableMillis)).toEqual(['100 ms', '1500 ms', '60 s']);
});

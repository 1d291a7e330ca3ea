import { parsePattern } from '../../../runtime/src/batch/store';

describe('addresses of a dataset', () => {
  it.each([
    [
      's3://b/in/*.parquet',
      's3://b/in/',
      ['a.parquet', 'b c.parquet'],
      ['a.csv', 'x/a.parquet', '_tmp.parquet', '.a.parquet'],
    ],
    ['/data/**/*.csv', '/data/', ['a/1.csv', 'a/b/1.csv'], ['1.csv', 'a/_x/1.csv', '.hidden/1.csv', 'a/_1.csv']],
    ['/data/**.csv', '/data/', ['1.csv', 'a/b/1.csv'], ['_x/1.csv', 'a/.1.csv', '1.csv/']],
    [
      'gs://b/day=*/part-*.parquet',
      'gs://b/',
      ['day=1/part-0.parquet'],
      ['day=1/x/part-0.parquet', 'day=1/other.parquet'],
    ],
    ['s3://b/a%20b/x+y*.json', 's3://b/a%20b/', ['x+y1.json'], ['xxy1.json']],
    ['/data/one.csv', '/data/', ['one.csv'], ['one.csv2', 'xone.csv']],
  ])('%s', (uri, folder, matching, others) => {
    const pattern = parsePattern(uri);
    expect(pattern.folder).toBe(folder);
    expect(matching.filter((key) => !pattern.matches(key))).toEqual([]);
    expect(others.filter((key) => pattern.matches(key))).toEqual([]);
    expect(matching.every((key) => key.startsWith(pattern.prefix))).toBe(true);
  });
});

/** What the tests use of a package without types. */
declare module 'jstat' {
  export const jStat: {
    readonly beta: { cdf(x: number, a: number, b: number): number };
    readonly chisquare: { cdf(x: number, df: number): number };
    readonly studentt: { cdf(x: number, df: number): number };
    gammaln(x: number): number;
    ttest(value: number, sample: readonly number[], sides: number): number;
  };
}

import {
  type OutcomeMetricConfig,
  type OutcomeQueriesConfig,
  type RolloutConfig,
  VERSION_PLACEHOLDER,
} from '../../contract';
import { queryPrometheus, type VectorValue } from '../sources';
import { addOutcomes, type IntervalCounts, NO_OUTCOMES, type OutcomeSums } from '../state';
import { addMoments, type Moments, NO_MOMENTS } from '../statistics';

type Arm = keyof OutcomeSums;

/** Labels that tell apart what one query asks for. */
const ARM_LABEL = 'model_serving_arm';
const MOMENT_LABEL = 'model_serving_moment';

const MOMENTS = ['count', 'sum', 'sumSquares'] as const satisfies (keyof OutcomeQueriesConfig)[];

/**
 * Asks Prometheus for the sums of the values of both versions, series by series, and takes the differences itself.
 *
 * All sums are asked for in one query, so that they are of the same scrapes: a sum with values that are not in the count yet would be a
 * larger mean. The first sight of a series is where its counting begins; one that became less, as its process is another one, begins
 * anew. That holds for a series of a process and for `sum(…)` over them.
 */
export class PrometheusMetric {
  private before: ReadonlyMap<string, Moments> = new Map();

  constructor(
    private readonly metric: OutcomeMetricConfig,
    private readonly config: RolloutConfig,
  ) {}

  /** The next reading is the first one. */
  forget(): void {
    this.before = new Map();
  }

  /**
   * Values since it was asked before.
   *
   * @throws Error when they are not known
   */
  async read(signal: AbortSignal): Promise<IntervalCounts['outcomes']> {
    const { before, metric, config } = this;
    this.forget();
    const request = { url: metric.url ?? '', timeoutMillis: config.metrics.timeoutMillis, signal };
    const series = seriesOf(await queryPrometheus(this.query(), request));
    let outcomes: IntervalCounts['outcomes'] = { [metric.name]: NO_OUTCOMES };
    for (const arm of ['stable', 'candidate'] as const) {
      const own = [...series].filter(([key]) => key.startsWith(`${arm} `));
      if (own.length === 0) {
        throw new Error(`there are no series of the ${arm} version ${config[arm].version}`);
      }
      const grown = own.map(([key, now]) => growthOf(now, before.get(key))).reduce(addMoments, NO_MOMENTS);
      outcomes = addOutcomes(outcomes, { [metric.name]: { ...NO_OUTCOMES, [arm]: grown } });
    }
    this.before = series;
    return outcomes;
  }

  private query(): string {
    const { metric, config } = this;
    return (['stable', 'candidate'] as const)
      .flatMap((arm) =>
        MOMENTS.map((moment) => {
          const query = (metric.queries?.[moment] ?? '').replaceAll(VERSION_PLACEHOLDER, config[arm].version);
          return labelled(labelled(`(${query})`, ARM_LABEL, arm), MOMENT_LABEL, moment);
        }),
      )
      .join(' or ');
  }
}

/** With a label that no series has: the same series for another sum is another one. */
function labelled(query: string, label: string, value: string): string {
  return `label_replace(${query},"${label}","${value}","","")`;
}

/** Sums by arm and series. @throws Error when a sum lacks another one, or is no number */
function seriesOf(values: readonly VectorValue[]): ReadonlyMap<string, Moments> {
  const found = new Map<string, Partial<Record<string, number>>>();
  for (const { labels, value } of values) {
    const { __name__: _, [ARM_LABEL]: arm, [MOMENT_LABEL]: moment = '', ...own } = labels;
    const key = `${arm} ${JSON.stringify(Object.entries(own).sort())}`;
    found.set(key, { ...found.get(key), [moment]: value });
  }
  return new Map(
    [...found].map(([key, { count: n = Number.NaN, sum = Number.NaN, sumSquares = Number.NaN }]) => {
      if (![n, sum, sumSquares].every(Number.isFinite)) {
        const what = `count ${n}, sum ${sum}, sum of squares ${sumSquares}`;
        throw new Error(`a series of the ${key.split(' ', 1)[0] as Arm} version has not all sums (${what})`);
      }
      return [key, { n, sum, sumSquares }];
    }),
  );
}

function growthOf(now: Moments, before: Moments = now): Moments {
  if (now.n < before.n || now.sumSquares < before.sumSquares) {
    return NO_MOMENTS;
  }
  return { n: now.n - before.n, sum: now.sum - before.sum, sumSquares: now.sumSquares - before.sumSquares };
}

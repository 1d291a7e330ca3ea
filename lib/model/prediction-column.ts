import type { PredictionColumnConfig } from '../contract';

/** Options of {@link PredictionColumn.value}. */
export interface ValueColumnOptions {
  /**
   * Name of the model's output.
   *
   * @default - the name of the column
   */
  readonly output?: string;
}

/** Options of {@link PredictionColumn.element}. */
export interface ElementColumnOptions {
  /** Name of the model's output. */
  readonly output: string;

  /** Which element of the row, counted from 0. */
  readonly element: number;
}

/** Options of {@link PredictionColumn.topK}. */
export interface TopKColumnOptions {
  /** Name of the model's output. */
  readonly output: string;

  /** How many. */
  readonly k: number;

  /**
   * Names of the elements, in the order of the output.
   *
   * @default - their positions, counted from 0
   */
  readonly classes?: string[];
}

/** A column of predictions: what is kept of an output of the model. */
export class PredictionColumn {
  /**
   * The row of an output: a number or a text, or a list where the output has several values a row.
   *
   * @param name name of the column
   * @param options output
   */
  public static value(name: string, options: ValueColumnOptions = {}): PredictionColumn {
    return new PredictionColumn({ name, kind: 'value', output: options.output ?? name });
  }

  /**
   * One element of the row of an output, for example the probability of one class.
   *
   * @param name name of the column
   * @param options output and element
   */
  public static element(name: string, options: ElementColumnOptions): PredictionColumn {
    return new PredictionColumn({ name, kind: 'element', ...options });
  }

  /**
   * The largest elements of the row of an output, largest first, as a list of positions or of names.
   *
   * @param name name of the column
   * @param options output, how many, and names
   */
  public static topK(name: string, options: TopKColumnOptions): PredictionColumn {
    return new PredictionColumn({ name, kind: 'top-k', ...options });
  }

  /** Name of the column. */
  public readonly name: string;

  /** @internal */
  public readonly _config: PredictionColumnConfig;

  private constructor(config: PredictionColumnConfig) {
    this.name = config.name;
    this._config = config;
  }
}

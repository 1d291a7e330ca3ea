import type { Signature, Tensor } from '../model';
import { allText, flatText } from './tensor-text';

/** Writes V2 answers in JSON. Data is flat, as the protocol wants it. */
export class V2Answer {
  private readonly head: string;
  private readonly outputHeads: readonly string[];
  private readonly all: readonly number[];

  constructor({ outputs }: Signature, model: string, version: string) {
    this.head = `{"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)}`;
    this.outputHeads = outputs.map(
      ({ name, datatype }) => `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[`,
    );
    this.all = outputs.map((_, index) => index);
  }

  /**
   * Writes an answer.
   *
   * @param selected positions of the outputs to answer; undefined = all
   * @param id of the request, returned as it came
   * @param firstRow first row of the request in the outputs; undefined when they are this request's alone
   * @param rows rows of the request, when `firstRow` is given
   */
  write(
    outputs: readonly Tensor[],
    selected: readonly number[] | undefined,
    id: string | undefined,
    firstRow: number | undefined,
    rows: number,
  ): string {
    let text = this.head;
    if (id !== undefined) {
      text += `,"id":${JSON.stringify(id)}`;
    }
    text += ',"outputs":[';
    let separator = '';
    for (const index of selected ?? this.all) {
      const output = outputs[index];
      const shape = firstRow === undefined ? output.shape.join() : [rows, ...output.shape.slice(1)].join();
      const data = firstRow === undefined ? allText(output) : flatText(output, firstRow, rows);
      text += `${separator}${this.outputHeads[index]}${shape}],"data":${data}}`;
      separator = ',';
    }
    return `${text}]}`;
  }
}

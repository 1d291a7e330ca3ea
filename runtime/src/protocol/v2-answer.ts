import type { Signature, Tensor } from '../model';
import { INFERENCE_HEADER_CONTENT_LENGTH } from './binary-parts';
import { binaryAll, binaryRows } from './binary-tensor';
import { checkResponseBytes, checkResponseText, type WireLimits } from './limits';
import type { AnswerBody } from './prediction';
import { allText, flatText } from './tensor-text';
import type { WantedOutput } from './v2-outputs';

/** Writes V2 answers: JSON with flat data, as the protocol wants it, and behind it what is wanted as binary data. */
export class V2Answer {
  private readonly head: string;
  private readonly outputHeads: readonly string[];

  constructor(
    { outputs }: Signature,
    model: string,
    version: string,
    private readonly limits: WireLimits,
  ) {
    this.head = `{"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)}`;
    this.outputHeads = outputs.map(
      ({ name, datatype }) => `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[`,
    );
  }

  /**
   * Writes an answer.
   *
   * @param wanted what is answered, in this order
   * @param id of the request, returned as it came
   * @param firstRow first row of the request in the outputs; undefined when they are this request's alone
   * @param rows rows of the request, when `firstRow` is given
   * @throws RequestError 400 when the answer is too large
   */
  write(
    outputs: readonly Tensor[],
    wanted: readonly WantedOutput[],
    id: string | undefined,
    firstRow: number | undefined,
    rows: number,
  ): AnswerBody {
    const { limits } = this;
    const pieces: Uint8Array[] = [];
    let text = this.head;
    if (id !== undefined) {
      text += `,"id":${JSON.stringify(id)}`;
    }
    text += ',"outputs":[';
    let separator = '';
    for (const { index, binary } of wanted) {
      const output = outputs[index];
      const shape = firstRow === undefined ? output.shape.join() : [rows, ...output.shape.slice(1)].join();
      text += `${separator}${this.outputHeads[index]}${shape}],`;
      if (binary) {
        const bytes = firstRow === undefined ? binaryAll(output) : binaryRows(output, firstRow, rows);
        pieces.push(bytes);
        text += `"parameters":{"binary_data_size":${bytes.byteLength}}}`;
      } else {
        const data = firstRow === undefined ? allText(output, limits) : flatText(output, firstRow, rows, limits);
        text += `"data":${data}}`;
      }
      separator = ',';
    }
    text += ']}';
    if (pieces.length > 0) {
      return this.withBinary(text, pieces);
    }
    checkResponseText(text, limits);
    return text;
  }

  private withBinary(text: string, pieces: readonly Uint8Array[]): AnswerBody {
    const json = Buffer.from(text);
    checkResponseBytes(
      pieces.reduce((sum, { byteLength }) => sum + byteLength, json.byteLength),
      this.limits,
    );
    return {
      headers: {
        'Content-Type': 'application/octet-stream',
        [INFERENCE_HEADER_CONTENT_LENGTH]: String(json.byteLength),
      },
      // A copy: the outputs hold the rows of other requests too.
      body: Buffer.concat([json, ...pieces]),
    };
  }
}

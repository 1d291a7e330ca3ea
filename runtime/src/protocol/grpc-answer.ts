import { elementCount, type Signature, type Tensor } from '../model';
import { binaryAll, binaryRows } from './binary-tensor';
import { CONTENTS_WRITERS, type WrittenContents } from './grpc-contents-writer';
import { delimitedField, delimitedSize, varintSize, WireWriter } from './grpc-writer';
import { checkResponseBytes, type WireLimits } from './limits';

/** Fields of `inference.ModelInferResponse` and of its `InferOutputTensor`. */
const RESPONSE = { model: 1, version: 2, id: 3, outputs: 5, raw: 6 } as const;
const OUTPUT = { name: 1, datatype: 2, shape: 3, contents: 5 } as const;

/** Which rows of the outputs a request gets, and in which form. */
export interface AnswerSelection {
  /** Positions of the outputs to answer; undefined = all. */
  readonly outputs: readonly number[] | undefined;

  /** First row of the request in the outputs; undefined when they are this request's alone. */
  readonly firstRow: number | undefined;

  /** Rows of the request, when `firstRow` is given. */
  readonly rows: number;

  /** In `raw_output_contents` instead of typed contents. */
  readonly raw: boolean;
}

/** Writes `inference.ModelInferResponse`. */
export class GrpcAnswer {
  private readonly head: Buffer;
  private readonly outputHeads: readonly Buffer[];
  private readonly all: readonly number[];

  /** Outputs that have no typed contents. */
  private readonly rawOnly: ReadonlySet<number>;

  constructor(
    { outputs }: Signature,
    model: string,
    version: string,
    private readonly limits: WireLimits,
  ) {
    this.head = Buffer.concat([delimitedField(RESPONSE.model, model), delimitedField(RESPONSE.version, version)]);
    this.outputHeads = outputs.map(({ name, datatype }) =>
      Buffer.concat([delimitedField(OUTPUT.name, name), delimitedField(OUTPUT.datatype, datatype)]),
    );
    this.all = outputs.map((_, index) => index);
    this.rawOnly = new Set(this.all.filter((index) => CONTENTS_WRITERS[outputs[index].datatype] === undefined));
  }

  /**
   * Writes an answer. Either all of its outputs are raw, or none: when one of them has no typed contents, all are.
   *
   * @param id of the request, returned as it came; empty = none
   * @throws RequestError when the answer is too large
   */
  write(tensors: readonly Tensor[], id: string, selection: AnswerSelection): Buffer {
    const { all, head, rawOnly } = this;
    const selected = selection.outputs ?? all;
    const raw = selection.raw || (rawOnly.size > 0 && selected.some((index) => rawOnly.has(index)));
    const idField = id === '' ? undefined : delimitedField(RESPONSE.id, id);
    const outputs = selected.map((index) => new WrittenOutput(this.outputHeads[index], tensors[index], selection, raw));
    let size = head.length + (idField?.length ?? 0);
    for (const output of outputs) {
      size += output.size;
    }
    checkResponseBytes(size, this.limits);
    const writer = new WireWriter(Buffer.allocUnsafe(size));
    writer.raw(head);
    if (idField !== undefined) {
      writer.raw(idField);
    }
    for (const output of outputs) {
      output.write(writer);
    }
    if (raw) {
      for (const { contents } of outputs) {
        writer.delimited(RESPONSE.raw, contents.bytes.byteLength);
        writer.raw(contents.bytes);
      }
    }
    return writer.bytes;
  }
}

/** One output, measured and then written. */
class WrittenOutput {
  readonly contents: WrittenContents;

  /** Bytes in the answer, raw contents included. */
  readonly size: number;
  private readonly shape: readonly number[];
  private readonly shapeSize: number;

  /** Bytes of the output's own fields. */
  private readonly fieldsSize: number;

  /** Bytes of `InferTensorContents`. */
  private readonly contentsSize: number;

  constructor(
    private readonly head: Buffer,
    tensor: Tensor,
    { firstRow, rows }: AnswerSelection,
    private readonly raw: boolean,
  ) {
    this.shape = firstRow === undefined ? tensor.shape : [rows, ...tensor.shape.slice(1)];
    this.shapeSize = this.shape.reduce((size, dimension) => size + varintSize(dimension), 0);
    this.contents = raw ? rawContents(tensor, firstRow, rows) : typedContents(tensor, firstRow, rows);
    const bytes = this.contents.bytes.byteLength;
    this.contentsSize = this.contents.field === undefined || bytes === 0 ? bytes : delimitedSize(bytes);
    this.fieldsSize =
      head.length +
      (this.shape.length === 0 ? 0 : delimitedSize(this.shapeSize)) +
      (raw ? 0 : delimitedSize(this.contentsSize));
    this.size = delimitedSize(this.fieldsSize) + (raw ? delimitedSize(bytes) : 0);
  }

  /** Writes the output, but for raw contents. */
  write(writer: WireWriter): void {
    const { contents, shape } = this;
    writer.delimited(RESPONSE.outputs, this.fieldsSize);
    writer.raw(this.head);
    if (shape.length > 0) {
      writer.delimited(OUTPUT.shape, this.shapeSize);
      for (const dimension of shape) {
        writer.varint(dimension);
      }
    }
    if (this.raw) {
      return;
    }
    writer.delimited(OUTPUT.contents, this.contentsSize);
    if (contents.field !== undefined && contents.bytes.byteLength > 0) {
      writer.delimited(contents.field, contents.bytes.byteLength);
    }
    writer.raw(contents.bytes);
  }
}

function rawContents(tensor: Tensor, firstRow: number | undefined, rows: number): WrittenContents {
  return {
    field: undefined,
    bytes: firstRow === undefined ? binaryAll(tensor) : binaryRows(tensor, firstRow, rows),
  };
}

function typedContents({ datatype, shape, data }: Tensor, firstRow: number | undefined, rows: number): WrittenContents {
  const write = CONTENTS_WRITERS[datatype];
  if (write === undefined) {
    throw new Error(`${datatype} has no typed contents`);
  }
  const stride = firstRow === undefined ? 0 : elementCount(shape.slice(1));
  return firstRow === undefined
    ? write(data, 0, data.length)
    : write(data, firstRow * stride, (firstRow + rows) * stride);
}

import type { Signature } from '../model';
import { badRequest, kindOf } from '../request-error';
import { isBinaryOnly } from './binary-only';
import { isObject, type JsonObject, own } from './json-body';
import { positionOf } from './tensor-position';
import { readFlag, readParameters, refuseExtensions } from './v2-parameters';

/** An output that is to be answered. */
export interface WantedOutput {
  /** Position among the outputs of the model. */
  readonly index: number;

  /** As binary data, not as JSON. */
  readonly binary: boolean;
}

/** Reads the `outputs` of V2 requests for one model. */
export class V2Outputs {
  private readonly positions: ReadonlyMap<string, number>;

  /** Every output of the model, in its order. */
  private readonly all: readonly WantedOutput[];
  private readonly allBinary: readonly WantedOutput[];
  private readonly anyBinaryOnly: boolean;

  constructor(private readonly signature: Signature) {
    this.positions = new Map(signature.outputs.map(({ name }, index) => [name, index]));
    this.all = signature.outputs.map((_, index) => ({ index, binary: false }));
    this.allBinary = this.all.map(({ index }) => ({ index, binary: true }));
    this.anyBinaryOnly = signature.outputs.some(({ datatype }) => isBinaryOnly(datatype));
  }

  /**
   * Reads what is to be answered.
   *
   * @param value the key `outputs` of the body; absent or empty = all
   * @param parameters of the request
   * @throws RequestError 400
   */
  read(value: unknown, parameters: JsonObject | undefined): readonly WantedOutput[] {
    const binaryByDefault = readFlag(parameters, 'binary_data_output', 'parameters') ?? false;
    const wanted = value === undefined ? [] : this.readList(value, binaryByDefault);
    const complete = wanted.length > 0 ? wanted : binaryByDefault ? this.allBinary : this.all;
    if (this.anyBinaryOnly) {
      this.checkBinaryOnly(complete);
    }
    return complete;
  }

  /** All outputs as binary data. */
  everyBinary(): readonly WantedOutput[] {
    return this.allBinary;
  }

  private readList(value: unknown, binaryByDefault: boolean): WantedOutput[] {
    if (!Array.isArray(value)) {
      throw badRequest(`"outputs" must be a list; found ${kindOf(value)}.`);
    }
    const wanted = value.map((output: unknown, position) => {
      const path = `outputs[${position}]`;
      if (!isObject(output)) {
        throw badRequest(`${path} must be an object with the name of an output; found ${kindOf(output)}.`);
      }
      const index = positionOf(this.positions, own(output, 'name'), 'an output', path);
      const parameters = readParameters(own(output, 'parameters'), `${path}.parameters`);
      refuseExtensions(parameters, `${path}.parameters`);
      return { index, binary: readFlag(parameters, 'binary_data', `${path}.parameters`) ?? binaryByDefault };
    });
    if (new Set(wanted.map(({ index }) => index)).size < wanted.length) {
      throw badRequest('"outputs" names an output twice.');
    }
    return wanted;
  }

  /** What has no form in the JSON of V2 is refused there; the request is refused before it is run. */
  private checkBinaryOnly(wanted: readonly WantedOutput[]): void {
    for (const { index, binary } of wanted) {
      const { name, datatype } = this.signature.outputs[index];
      if (isBinaryOnly(datatype) && !binary) {
        throw badRequest(
          `Output '${name}' is ${datatype}, which V2 cannot carry as JSON numbers; ask for binary data ` +
            '(parameters.binary_data of the output, or parameters.binary_data_output of the request), or use V1.',
        );
      }
    }
  }
}

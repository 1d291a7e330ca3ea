/** Options of {@link InputFields}. */
export interface InputFieldsOptions {
  /**
   * Value of an element that is absent from the event, or null there.
   *
   * @default - none: such an event is a dead letter
   */
  readonly missing?: number | string | boolean;
}

/**
 * Where an input of the model is in an event. A field is its name, or a JSON pointer (RFC 6901) that starts with `/`: `host`,
 * `/request/size`, `/values/0`.
 */
export class InputFields {
  /**
   * A field for each element of a row, in order.
   *
   * @param fields names of fields, or JSON pointers
   * @param options what stands in for those that are missing
   */
  public static of(fields: string[], options: InputFieldsOptions = {}): InputFields {
    return new InputFields(fields, false, options.missing);
  }

  /**
   * One field with a list of all elements of a row.
   *
   * @param field name of the field, or JSON pointer
   * @param options what stands in for elements that are null, or for all of them
   */
  public static list(field: string, options: InputFieldsOptions = {}): InputFields {
    return new InputFields([field], true, options.missing);
  }

  /** @internal */
  public readonly _fields: string[];

  /** @internal */
  public readonly _isList: boolean;

  /** @internal */
  public readonly _missing: number | string | boolean | undefined;

  private constructor(fields: string[], isList: boolean, missing: number | string | boolean | undefined) {
    this._fields = fields;
    this._isList = isList;
    this._missing = missing;
  }
}

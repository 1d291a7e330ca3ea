/** Which requests keep their version while the share of the candidate rises: whoever has got it once keeps it. */
export class Stickiness {
  /**
   * Requests with the same value of a header. Requests without it are split one by one.
   *
   * @param name name of the header, in lower case, for example `x-user-id`
   */
  public static byHeader(name: string): Stickiness {
    return new Stickiness(name);
  }

  /** @internal */
  public readonly _header: string;

  private constructor(header: string) {
    this._header = header;
  }
}

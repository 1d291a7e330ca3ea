import { errorMessage } from '../../../telemetry';
import type { RecordRefusal } from '../../event';
import type { RegisteredSchema } from './registered-schema';
import type { SchemaRegistry } from './schema-registry';

/** Reads the bytes behind the number of a schema. Throws when they are not of the schema. */
export type ReadValue = (bytes: Buffer) => unknown;

/** A format of schemas. */
export interface SchemaFormat<Schema> {
  /** As a registry calls it. */
  readonly type: string;

  /** Throws when the schema cannot be used. */
  compile(schema: RegisteredSchema): Schema;

  /**
   * Reads what was written with a schema.
   *
   * @param latest gives fields their newest names as well, and defaults to those that are not written any more
   */
  reader(schema: Schema, latest: Schema | undefined): ReadValue;
}

interface Known<Schema> {
  /** Absent = there is none. */
  readonly usable?: {
    readonly schema: Schema;
    readonly id: number;

    /** Undefined = the registry cannot tell. */
    readonly subject: string | undefined;
    read: ReadValue;
  };
  readonly refusal?: RecordRefusal;

  /** Until then the registry is not asked again. */
  readonly until: number;
}

/** A schema that the registry does not have may be there soon. */
const UNKNOWN_MILLIS = 30_000;

/** Numbers of schemas that do not exist come from bytes that are none of this form: they must not fill the memory. */
const MOST_KNOWN = 10_000;

/** The schemas of a registry that were met in events. */
export class KnownSchemas<Schema> {
  private readonly known = new Map<number, Known<Schema>>();

  constructor(
    private readonly registry: SchemaRegistry,
    private readonly format: SchemaFormat<Schema>,
  ) {}

  /** Gets schemas; undefined when all are there. Rejects with a `StreamError` alone. */
  get(ids: Iterable<number>): Promise<void> | undefined {
    const now = performance.now();
    const wanted = [...ids].filter((id) => !((this.known.get(id)?.until ?? 0) > now));
    return wanted.length === 0 ? undefined : this.load(wanted);
  }

  /** The reader of a schema, or why there is none. */
  reader(id: number): ReadValue | RecordRefusal {
    const { usable, refusal = unknown(id) } = this.known.get(id) ?? { until: 0 };
    return usable?.read ?? refusal;
  }

  private async load(ids: readonly number[]): Promise<void> {
    if (this.known.size + ids.length > MOST_KNOWN) {
      this.known.clear();
    }
    await Promise.all(ids.map(async (id) => this.known.set(id, await this.learn(id))));
  }

  private async learn(id: number): Promise<Known<Schema>> {
    const until = Number.POSITIVE_INFINITY;
    const schema = await this.registry.schema(id);
    if (schema === undefined) {
      return { refusal: unknown(id), until: performance.now() + UNKNOWN_MILLIS };
    }
    try {
      const compiled = this.compile(schema);
      const subject = await this.registry.subjectOf(id);
      const latest = subject === undefined ? undefined : await this.registry.latest(subject);
      const read = this.format.reader(compiled, undefined);
      const known: Known<Schema> = { usable: { schema: compiled, id, subject, read }, until };
      if (subject !== undefined && latest !== undefined) {
        this.known.set(id, known);
        this.renew(subject, latest);
      }
      return known;
    } catch (error) {
      if (error instanceof UnusableError) {
        return { refusal: { errorClass: 'schema', reason: error.message }, until };
      }
      throw error;
    }
  }

  /** Schemas of a subject get the names of its newest one. */
  private renew(subject: string, latest: RegisteredSchema): void {
    const newest = this.compiledOrNone(latest);
    for (const { usable } of this.known.values()) {
      if (usable?.subject === subject) {
        usable.read = this.format.reader(usable.schema, usable.id === latest.id ? undefined : newest);
      }
    }
  }

  private compiledOrNone(schema: RegisteredSchema): Schema | undefined {
    try {
      return this.compile(schema);
    } catch {
      return undefined; // what it would add is missing
    }
  }

  private compile(schema: RegisteredSchema): Schema {
    const { id, type } = schema;
    if (type !== this.format.type) {
      throw new UnusableError(
        `The schema ${id} of the value is ${type}; ${this.format.type} is declared (input.format).`,
      );
    }
    try {
      return this.format.compile(schema);
    } catch (error) {
      throw new UnusableError(`The schema ${id} of the value cannot be read: ${errorMessage(error)}.`, {
        cause: error,
      });
    }
  }
}

/** A schema cannot be used. */
class UnusableError extends Error {
  override readonly name = 'UnusableError';
}

function unknown(id: number): RecordRefusal {
  return { errorClass: 'schema', reason: `The registry does not know the schema ${id} of the value.` };
}

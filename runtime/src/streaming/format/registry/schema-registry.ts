import type { RegisteredSchema, SchemaReference } from './registered-schema';
import { type RegistryOptions, RegistryRequests } from './registry-requests';

/** References may not go round in circles. */
const MOST_DEPTH = 32;

/**
 * Reads a schema registry. One that is away is waited for.
 *
 * @see https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */
export class SchemaRegistry {
  private readonly requests: RegistryRequests;

  /** @throws StreamError when the address is none */
  constructor(options: RegistryOptions) {
    this.requests = new RegistryRequests(options);
  }

  /** The schema with a number; undefined when there is none. */
  async schema(id: number): Promise<RegisteredSchema | undefined> {
    return this.complete(await this.requests.get(`/schemas/ids/${id}`), id, 0);
  }

  /** The newest schema of a subject; undefined when there is none. */
  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    return this.complete(
      await this.requests.get(`/subjects/${encodeURIComponent(subject)}/versions/latest`),
      undefined,
      0,
    );
  }

  /** A subject that a schema is of; undefined when the registry cannot tell. */
  async subjectOf(id: number): Promise<string | undefined> {
    const versions = await this.requests.get(`/schemas/ids/${id}/versions`);
    const subjects = (Array.isArray(versions) ? versions : [])
      .map((version: unknown) => (version as { subject?: unknown } | null)?.subject)
      .filter((subject) => typeof subject === 'string');
    return subjects.find((name) => name.endsWith('-value')) ?? subjects[0];
  }

  private async complete(
    answer: unknown,
    known: number | undefined,
    depth: number,
  ): Promise<RegisteredSchema | undefined> {
    const { schema, schemaType = 'AVRO', references = [], id = known } = (answer ?? {}) as Partial<SchemaAnswer>;
    if (typeof schema !== 'string' || typeof id !== 'number' || depth > MOST_DEPTH) {
      return undefined;
    }
    const found = await Promise.all(
      references.map(async ({ name, subject, version }): Promise<SchemaReference | undefined> => {
        const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
        const inner = await this.complete(await this.requests.get(path), undefined, depth + 1);
        return inner && { name, schema: inner };
      }),
    );
    const complete = found.filter((reference) => reference !== undefined);
    return complete.length < references.length
      ? undefined
      : { id, type: schemaType, text: schema, references: complete };
  }
}

interface SchemaAnswer {
  readonly id: number;
  readonly schema: string;

  /** Absent = `AVRO`. */
  readonly schemaType: string;
  readonly references: readonly { readonly name: string; readonly subject: string; readonly version: number }[];
}

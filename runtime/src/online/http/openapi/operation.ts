import { type AnswerDescription, answers, type Refusal } from './answers';
import type { JsonSchema } from './json-schema';

/** One method of one path. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  readonly good: AnswerDescription;
  readonly refusals?: readonly Refusal[];

  /** Answers other than those that refuse, by their status. */
  readonly others?: Readonly<Record<number, AnswerDescription>>;

  /** What else OpenAPI says of an operation. */
  readonly more?: object;

  /** Answers everybody, with or without credentials. */
  readonly open?: boolean;
}

/** Describes an operation as OpenAPI does. */
export function operation(
  { operationId, summary, tag, good, refusals = [], others, more, open = false }: Operation,
  authenticated: boolean,
): object {
  return {
    operationId,
    summary,
    tags: [tag],
    ...(open && authenticated ? { security: [] } : {}),
    ...more,
    responses: { ...answers(good, refusals, authenticated && !open), ...others },
  };
}

/** An answer in JSON. */
export function jsonAnswer(description: string, schema: JsonSchema): AnswerDescription {
  return { description, content: { 'application/json': { schema } } };
}

/** A header of an event: its name and its bytes. */
export type EventHeader = readonly [name: string, value: Buffer];

/** An event that was read, and is not acknowledged yet. */
export interface ConsumedEvent {
  /** Its bytes; null where there are none (a tombstone of a compacted topic). */
  readonly value: Buffer | null;

  /** Absent = it has none. */
  readonly key?: Buffer;

  readonly headers: readonly EventHeader[];

  /** The event's own time, in milliseconds since 1970. */
  readonly timestampMillis: number;

  /** Partition that it was read from; 0 where there are none. */
  readonly partition: number;

  /** Where it stands, the same for every delivery: `topic/3/1027`, `stream/1700000000000-0`, `STREAM/1234`. */
  readonly position: string;

  /** How often it was delivered, from 1, where the source counts that. */
  readonly deliveries?: number;

  /** The source's own. */
  readonly handle: unknown;
}

/** An event to write. */
export interface ProducedEvent {
  readonly value: Buffer;

  /** Absent = it has none. */
  readonly key?: Buffer;

  readonly headers: readonly EventHeader[];

  /** The same for every attempt to write what became of one consumed event with one model. See `eventIdOf`. */
  readonly id: string;

  /** Position of the event that it was made from, among those of its micro-batch. */
  readonly index: number;

  /** The event's own time, in milliseconds since 1970. Absent = the time of writing. */
  readonly timestampMillis?: number;
}

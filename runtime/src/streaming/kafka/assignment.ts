import type { KafkaEvent } from './kafka-event';

/** A partition that this process has. */
interface AssignedPartition {
  /** Counts assignments: events of an earlier one are somebody else's by now. */
  readonly epoch: number;

  /** Offset of the first event that is not done; undefined before the first one is. */
  next: number | undefined;

  /** Offset that is committed; undefined when it is not known. */
  committed: number | undefined;

  /** It is being given away: no more of its events are handed on. */
  leaving: boolean;
}

/** An offset of a partition. */
export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Where a partition begins. */
export interface PartitionStart {
  readonly offset: number;
  readonly committed: boolean;
}

/** The partitions of this process, and how far each is. */
export class Assignment {
  private readonly partitions = new Map<number, AssignedPartition>();
  private epochs = 0;

  constructor(private readonly topic: string) {}

  get size(): number {
    return this.partitions.size;
  }

  /** Numbers of the partitions. */
  get numbers(): number[] {
    return [...this.partitions.keys()];
  }

  /** @param starts where partitions begin, as far as that is known, and whether that is committed */
  add(partitions: readonly number[], starts: ReadonlyMap<number, PartitionStart>): void {
    for (const partition of partitions) {
      this.epochs += 1;
      const { offset, committed = false } = starts.get(partition) ?? {};
      this.partitions.set(partition, {
        epoch: this.epochs,
        next: offset,
        committed: committed ? offset : undefined,
        leaving: false,
      });
    }
  }

  /** No more events of them are handed on. */
  leave(partitions: readonly number[]): void {
    for (const partition of partitions) {
      const assigned = this.partitions.get(partition);
      if (assigned !== undefined) {
        assigned.leaving = true;
      }
    }
  }

  remove(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.partitions.delete(partition);
    }
  }

  /** Under which assignment events of a partition are handed on; undefined when they are not. */
  epochOf(partition: number): number | undefined {
    const assigned = this.partitions.get(partition);
    return assigned === undefined || assigned.leaving ? undefined : assigned.epoch;
  }

  /** Whether an event still belongs to this process. */
  has({ partition, epoch }: KafkaEvent): boolean {
    return this.partitions.get(partition)?.epoch === epoch;
  }

  /** An event is done, as are all before it. */
  done(event: KafkaEvent): void {
    const assigned = this.partitions.get(event.partition);
    if (assigned?.epoch === event.epoch && event.offset >= (assigned.next ?? 0)) {
      assigned.next = event.offset + 1;
    }
  }

  /** What is done and not committed. */
  toCommit(): PartitionOffset[] {
    const offsets: PartitionOffset[] = [];
    for (const [partition, { next, committed }] of this.partitions) {
      if (next !== undefined && next !== committed) {
        offsets.push({ topic: this.topic, partition, offset: next });
      }
    }
    return offsets;
  }

  /** Offsets are committed. */
  committed(offsets: readonly PartitionOffset[]): void {
    for (const { partition, offset } of offsets) {
      const assigned = this.partitions.get(partition);
      if (assigned !== undefined && offset >= (assigned.committed ?? 0)) {
        assigned.committed = offset;
      }
    }
  }

  /** The first offset of a partition that is not done; undefined when it is not known. */
  nextOf(partition: number): number | undefined {
    return this.partitions.get(partition)?.next;
  }

  /** Offsets after events of partitions that still belong to this process. */
  offsetsAfter(events: readonly KafkaEvent[]): PartitionOffset[] {
    const ends = new Map<number, number>();
    for (const event of events) {
      if (this.has(event)) {
        ends.set(event.partition, Math.max(ends.get(event.partition) ?? 0, event.offset + 1));
      }
    }
    return [...ends].map(([partition, offset]) => ({ topic: this.topic, partition, offset }));
  }
}

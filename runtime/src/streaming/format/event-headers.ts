import { STREAM_HEADERS } from '../../contract';
import type { ConsumedEvent, EventHeader } from '../event';

/** The model in the headers of events. */
export interface NamedModel {
  readonly name: string;
  readonly version: string;

  /** SHA-256 of its file. */
  readonly sha256: string;
}

/** Headers that are made here, and so never copied from events that came. */
const OWN: ReadonlySet<string> = new Set(Object.values(STREAM_HEADERS));

/** Headers of CloudEvents, in the bindings of Kafka and of HTTP and NATS, and of formats. */
const OF_FORMATS = /^(?:ce_|ce-|content-type$)/i;

/** Headers that say which model looked at an event. */
export function modelHeaders({ name, version, sha256 }: NamedModel): EventHeader[] {
  return [
    [STREAM_HEADERS.model, Buffer.from(name)],
    [STREAM_HEADERS.version, Buffer.from(version)],
    [STREAM_HEADERS.digest, Buffer.from(sha256)],
  ];
}

/** Copies headers to what is produced. */
export class HeaderCopy {
  private readonly wanted: ReadonlySet<string> | undefined;

  /** @param names the ones to copy. Absent = all but those of formats */
  constructor(names?: readonly string[]) {
    this.wanted = names && new Set(names);
  }

  /** Adds the headers of an event that are copied. */
  addTo(headers: EventHeader[], event: ConsumedEvent): void {
    for (const header of event.headers) {
      const [name] = header;
      if (!OWN.has(name) && (this.wanted === undefined ? !OF_FORMATS.test(name) : this.wanted.has(name))) {
        headers.push(header);
      }
    }
  }
}

/** All headers of an event as they came, without those that are made here. */
export function headersAsTheyCame({ headers }: ConsumedEvent): EventHeader[] {
  return headers.filter(([name]) => !OWN.has(name));
}

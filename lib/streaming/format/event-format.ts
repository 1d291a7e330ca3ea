import type { ISecret } from 'cdk8s-plus-28';
import type { SchemaRegistryConfig } from '../../contract';
import {
  checkMountedFile,
  checkSecret,
  checkWebAddress,
  type MountedFile,
  mountFile,
  mountSecret,
  RULES,
  type Violation,
  violation,
  webServer,
} from '../../kubernetes';
import type { PodAdditions } from '../../online';

/** Where the parts of a CloudEvent are. */
export enum CloudEventMode {
  /** All of it in the value, as one JSON object. */
  STRUCTURED = 'structured',
  /** The attributes in headers, the data in the value. */
  BINARY = 'binary',
}

/** Options of {@link EventFormat.cloudEvents}. */
export interface CloudEventsOptions {
  /**
   * Where the parts of events are that are written. Both are read.
   *
   * @default CloudEventMode.STRUCTURED
   */
  readonly mode?: CloudEventMode;

  /**
   * Attribute `type` of events that are written.
   *
   * @default - that of the runtime
   */
  readonly type?: string;
}

/** Options of {@link EventFormat.avro} and {@link EventFormat.protobuf}. */
export interface RegisteredFormatOptions {
  /**
   * Address of the schema registry, with the REST interface of Confluent's: `https://`, or `http://` inside the cluster. The network
   * policy lets the pods connect to it.
   */
  readonly registry: string;

  /**
   * Secret with the keys `username` and `password` for the registry.
   *
   * @default - no login
   */
  readonly credentials?: ISecret;

  /**
   * Certificates of the authorities to trust, in PEM.
   *
   * @default - those that the image trusts
   */
  readonly ca?: MountedFile;

  /**
   * Subject of the schema that predictions are written with: its newest version. Events are read with the schema that each names.
   *
   * @default - the topic of the sink and `-value`
   */
  readonly subject?: string;
}

/** How the values of events are written. */
export class EventFormat {
  /** JSON: an object with fields. */
  public static json(): EventFormat {
    return new EventFormat('json');
  }

  /**
   * CloudEvents with JSON data. Fields are those of the data.
   *
   * @param options mode and type of events that are written
   * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
   */
  public static cloudEvents(options: CloudEventsOptions = {}): EventFormat {
    return new EventFormat('cloudevents', undefined, options);
  }

  /**
   * Avro, with schemas of a registry: a value starts with the number of its schema.
   *
   * @param options registry and subject
   */
  public static avro(options: RegisteredFormatOptions): EventFormat {
    return new EventFormat('avro', options);
  }

  /**
   * Protocol Buffers, with schemas of a registry: a value starts with the number of its schema.
   *
   * @param options registry and subject
   */
  public static protobuf(options: RegisteredFormatOptions): EventFormat {
    return new EventFormat('protobuf', options);
  }

  /**
   * One row of tensors: the elements of every input (of predictions, of every output), in the order of the model, little-endian, as
   * in binary tensors of the Open Inference Protocol.
   */
  public static tensors(): EventFormat {
    return new EventFormat('tensor');
  }

  /** @internal */
  public readonly _format: 'json' | 'cloudevents' | 'avro' | 'protobuf' | 'tensor';

  /** @internal */
  public readonly _registered: RegisteredFormatOptions | undefined;

  /** @internal */
  public readonly _cloudEvents: CloudEventsOptions;

  private constructor(
    format: EventFormat['_format'],
    registered?: RegisteredFormatOptions,
    cloudEvents: CloudEventsOptions = {},
  ) {
    this._format = format;
    this._registered = registered;
    this._cloudEvents = cloudEvents;
  }
}

/**
 * The registry of a format as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderRegistry(
  purpose: string,
  { _registered: registered }: EventFormat,
): { config: SchemaRegistryConfig | undefined; additions: PodAdditions } {
  if (registered === undefined) {
    return { config: undefined, additions: {} };
  }
  const { registry, credentials, ca } = registered;
  const secret = credentials && mountSecret(`${purpose}-login`, credentials, ['username', 'password']);
  const mountedCa = ca && mountFile(`${purpose}-ca`, ca);
  const mounted = [secret, mountedCa].filter((each) => each !== undefined);
  return {
    config: { url: registry, credentialsPath: secret?.directory, caPath: mountedCa?.path },
    additions: {
      volumes: mounted.map(({ volume }) => volume),
      mounts: mounted.map(({ mount }) => mount),
      egress: [webServer(registry)],
    },
  };
}

/** Checks a format by itself. */
export function checkFormat(
  prop: string,
  { _registered: registered, _cloudEvents: { type } }: EventFormat,
): Violation[] {
  const { registry, credentials, ca, subject } = registered ?? {};
  return [
    ...(registry === undefined
      ? []
      : checkWebAddress(RULES.eventFormat, `${prop}.registry`, registry, 'http://schema-registry.kafka:8081')),
    ...(credentials === undefined ? [] : checkSecret(`${prop}.credentials`, credentials)),
    ...(ca === undefined ? [] : checkMountedFile(`${prop}.ca`, ca)),
    ...(subject === ''
      ? [violation(RULES.eventFormat, `${prop}.subject is empty.`, "Write it as in 'anomalies-value'.")]
      : []),
    ...(type === ''
      ? [violation(RULES.eventFormat, `${prop}.type is empty.`, "Write it as in 'com.example.anomaly'.")]
      : []),
  ];
}

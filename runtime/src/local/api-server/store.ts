import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { apiVersionOf, type KubernetesObject, type Resource } from '../../kubernetes-api';
import { Failure, notFound } from './failure';
import { mergePatch } from './merge-patch';

/** What became of an object. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  readonly object: KubernetesObject;

  /** Version of the store with this change. */
  readonly version: number;
}

/** Changes that a watch can begin at; a watch from before them has to list again. */
const REMEMBERED_CHANGES = 1000;

/** As etcd has it. */
const MAX_BYTES = 1.5 * 1024 * 1024;

/** Events are many and of the moment: the last ones are kept. */
const MAX_EVENTS = 1000;

/**
 * The objects of one namespace, each with a version that changes with it.
 *
 * Objects that are given and got are never changed: a change is another object.
 */
export class ObjectStore {
  /** Of the last change. Begins at the clock, so that a store that is made anew goes on where its watchers are. */
  version = Date.now();

  private readonly objects = new Map<string, KubernetesObject>();
  private readonly changes: Change[] = [];
  private readonly listeners = new Set<(change: Change) => void>();

  constructor(private readonly namespace: string) {}

  list(resource: Resource): KubernetesObject[] {
    const prefix = keyOf(resource, '');
    return [...this.objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
  }

  find(resource: Resource, name: string): KubernetesObject | undefined {
    return this.objects.get(keyOf(resource, name));
  }

  get(resource: Resource, name: string): KubernetesObject {
    const found = this.find(resource, name);
    if (found === undefined) {
      throw notFound(`${resource.plural} "${name}"`);
    }
    return found;
  }

  create(resource: Resource, object: KubernetesObject): KubernetesObject {
    const name = nameOf(object);
    if (this.find(resource, name) !== undefined) {
      throw new Failure(409, 'AlreadyExists', `${resource.plural} "${name}" already exists`);
    }
    const created = this.put('ADDED', resource, {
      ...object,
      metadata: { ...object.metadata, name, uid: randomUUID(), creationTimestamp: new Date().toISOString() },
    });
    this.dropOldEvents(resource);
    return created;
  }

  /** Puts an object in the place of another, which must have the version that the new one names, if it does. */
  replace(resource: Resource, object: KubernetesObject): KubernetesObject {
    const { name, resourceVersion } = object.metadata;
    const current = this.get(resource, name);
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
      const rule = 'the object has been modified; please apply your changes to the latest version and try again';
      throw new Failure(409, 'Conflict', `Operation cannot be fulfilled on ${resource.plural} "${name}": ${rule}`);
    }
    const { uid, creationTimestamp } = current.metadata;
    const next = { ...object, metadata: { ...object.metadata, uid, creationTimestamp } };
    // An update that changes nothing has no version of its own.
    return isDeepStrictEqual(this.finished(resource, next, current.metadata.resourceVersion), current)
      ? current
      : this.put('MODIFIED', resource, next);
  }

  merge(resource: Resource, name: string, patch: unknown): KubernetesObject {
    const current = this.get(resource, name);
    const { resourceVersion: _, ...metadata } = current.metadata;
    return this.replace(resource, mergePatch({ ...current, metadata }, patch) as KubernetesObject);
  }

  delete(resource: Resource, name: string): KubernetesObject {
    const current = this.get(resource, name);
    this.objects.delete(keyOf(resource, name));
    return this.tell('DELETED', resource, this.finished(resource, current, String(this.version + 1)));
  }

  /**
   * The changes after a version.
   *
   * @throws Failure 410 when they are not remembered
   */
  changesSince(version: number): readonly Change[] {
    const oldest = this.changes[0]?.version ?? this.version + 1;
    if (version > this.version || (version < oldest - 1 && version < this.version)) {
      throw new Failure(410, 'Expired', `too old resource version: ${version} (${oldest})`);
    }
    return this.changes.filter((change) => change.version > version);
  }

  /** Forgets the changes: a watch from before now has to list again. */
  forget(): void {
    this.changes.length = 0;
  }

  /** Tells of every change. @returns what ends it */
  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private put(type: 'ADDED' | 'MODIFIED', resource: Resource, object: KubernetesObject): KubernetesObject {
    const finished = this.finished(resource, object, String(this.version + 1));
    check(resource, finished);
    this.objects.set(keyOf(resource, finished.metadata.name), finished);
    return this.tell(type, resource, finished);
  }

  private tell(type: Change['type'], resource: Resource, object: KubernetesObject): KubernetesObject {
    this.version += 1;
    const change = { type, resource, object, version: this.version };
    this.changes.push(change);
    if (this.changes.length > REMEMBERED_CHANGES) {
      this.changes.shift();
    }
    for (const listener of this.listeners) {
      listener(change);
    }
    return object;
  }

  /** An object as it is stored; a copy. */
  private finished(resource: Resource, object: KubernetesObject, resourceVersion?: string): KubernetesObject {
    const metadata = { ...object.metadata, namespace: this.namespace, resourceVersion };
    const { kind } = resource;
    return JSON.parse(JSON.stringify({ ...object, apiVersion: apiVersionOf(resource), kind, metadata }));
  }

  private dropOldEvents(resource: Resource): void {
    const events = resource.kind === 'Event' ? this.list(resource) : [];
    for (const { metadata } of events.slice(0, Math.max(0, events.length - MAX_EVENTS))) {
      this.delete(resource, metadata.name);
    }
  }
}

function nameOf({ metadata }: KubernetesObject): string {
  const { name = '', generateName = '' } = metadata as { readonly name?: string; readonly generateName?: string };
  if (name === '' && generateName === '') {
    throw new Failure(422, 'Invalid', 'metadata.name: Required value: name or generateName is required');
  }
  return name || `${generateName}${randomUUID().slice(0, 8)}`;
}

function check(resource: Resource, object: KubernetesObject): void {
  if (JSON.stringify(object).length > MAX_BYTES) {
    throw new Failure(413, 'RequestEntityTooLarge', `the object has more than ${MAX_BYTES} bytes`);
  }
  if (resource.kind !== 'ConfigMap') {
    return;
  }
  const values = Object.values((object.data ?? {}) as Record<string, unknown>);
  if (values.some((value) => typeof value !== 'string')) {
    throw new Failure(
      400,
      'BadRequest',
      'ConfigMap in version "v1" cannot be handled: data has a value that is no text',
    );
  }
}

function keyOf({ plural }: Resource, name: string): string {
  return `${plural}/${name}`;
}

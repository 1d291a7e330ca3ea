import type { IConfigMap, ISecret, SecretValue } from 'cdk8s-plus-28';
import { PATHS } from '../contract';
import type { Json } from './json';
import { isDnsSubdomain } from './names';
import type { Volume, VolumeMount } from './pod';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/** Readable for the group of the pod alone. */
const SECRET_MODE = 0o440;

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

/** A file that pods read: one key of a Secret or a ConfigMap. A change of it reaches running pods within about a minute. */
export class MountedFile {
  /**
   * A key of a Secret.
   *
   * @param secret Secret in the namespace of the pods
   * @param key key of the Secret, for example `ca.crt`
   */
  public static fromSecret(secret: ISecret, key: string): MountedFile {
    return new MountedFile('Secret', secret.name, key);
  }

  /**
   * A key of a ConfigMap.
   *
   * @param configMap ConfigMap in the namespace of the pods
   * @param key key of the ConfigMap, for example `ca.crt`
   */
  public static fromConfigMap(configMap: IConfigMap, key: string): MountedFile {
    return new MountedFile('ConfigMap', configMap.name, key);
  }

  /** @internal */
  public readonly _kind: 'Secret' | 'ConfigMap';

  /** @internal */
  public readonly _name: string;

  /** @internal */
  public readonly _key: string;

  private constructor(kind: 'Secret' | 'ConfigMap', name: string, key: string) {
    this._kind = kind;
    this._name = name;
    this._key = key;
  }
}

/** A directory of a container with keys of a Secret or a ConfigMap as files. */
export interface MountedKeys {
  /** Absolute path of the directory. */
  readonly directory: string;
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

/**
 * Mounts one file.
 *
 * @param purpose what it is for: the name of the volume and of its directory, a DNS label
 */
export function mountFile(purpose: string, file: MountedFile): MountedKeys & { readonly path: string } {
  const mounted = mountKeys(purpose, file._kind, file._name, [file._key]);
  return { ...mounted, path: `${mounted.directory}/${file._key}` };
}

/**
 * Mounts keys of a Secret.
 *
 * @param purpose what they are for: the name of the volume and of its directory, a DNS label
 * @param keys keys to mount; absent = all
 */
export function mountSecret(purpose: string, secret: ISecret, keys?: string[]): MountedKeys {
  return mountKeys(purpose, 'Secret', secret.name, keys);
}

/** Checks a file as it is declared. */
export function checkMountedFile(prop: string, file: MountedFile): Violation[] {
  return checkReference(prop, file._kind, file._name, file._key);
}

/** Checks a reference to a key of a Secret. */
export function checkSecretValue(prop: string, { secret, key }: SecretValue): Violation[] {
  return checkReference(prop, 'Secret', secret.name, key);
}

/** Checks a reference to a whole Secret. */
export function checkSecret(prop: string, secret: ISecret): Violation[] {
  return checkReference(prop, 'Secret', secret.name, undefined);
}

function mountKeys(purpose: string, kind: 'Secret' | 'ConfigMap', name: string, keys?: string[]): MountedKeys {
  const directory = `${PATHS.credentials}/${purpose}`;
  const content = { items: keys?.map((key) => ({ key, path: key })), defaultMode: SECRET_MODE };
  const source: Json =
    kind === 'Secret' ? { secret: { secretName: name, ...content } } : { configMap: { name, ...content } };
  return {
    directory,
    volume: { name: purpose, ...source },
    mount: { name: purpose, mountPath: directory, readOnly: true },
  };
}

function checkReference(prop: string, kind: string, name: string, key: string | undefined): Violation[] {
  if (isDnsSubdomain(name) && (key === undefined || (KEY.test(key) && !/^\.{1,2}$/.test(key)))) {
    return [];
  }
  const what = key === undefined ? `the ${kind} ${quote(name)}` : `the key ${quote(key)} of the ${kind} ${quote(name)}`;
  return [
    violation(
      RULES.mountedKey,
      `${prop} names ${what}.`,
      "Write it as in { secret: Secret.fromSecretName(scope, 'id', 'redis'), key: 'password' }.",
    ),
  ];
}

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigurationError, type ConfigurationProblem } from '../config';
import { type GatewayAgentConfig, type RolloutRouteConfig, WHOLE_SHARE } from '../contract';
import { errorMessage } from '../telemetry';
import { setValueAt, valueAt } from './json-pointer';
import { nothingShared, type Shares, type SharesByRollout, sharesOf, versionOf } from './shares';

/** Digits of the digest that names the routes of a manifest. */
const DIGEST_LENGTH = 12;

const SYNTHESIZE = 'Synthesize routes and configuration again, together; they are written by the library, not by hand.';

const POINTERS = ['stableWeights', 'candidateWeights', 'mirrors', 'comparisons', 'pins'] as const;

/** Routes that a proxy can read. */
export interface Routes {
  /** `version_info`. */
  readonly version: string;

  /** `DiscoveryResponse` as JSON. */
  readonly text: string;
}

/** The routes of the manifest, and the places of the numbers that may change. */
export class BaseRoutes {
  /**
   * Reads the routes.
   *
   * @throws ConfigurationError when they cannot be read, or a pointer leads to no number: with every one that does not
   */
  static open({ baseRoutesPath, rollouts }: GatewayAgentConfig): BaseRoutes {
    const text = read(baseRoutesPath);
    const document = parse(baseRoutesPath, text);
    const problems = [
      ...rollouts.flatMap((rollout, index) => pointerProblems(document, rollout, index)),
      ...sharedPlaces(rollouts),
    ];
    if (problems.length > 0) {
      throw new ConfigurationError(`pointers into ${baseRoutesPath}`, problems);
    }
    return new BaseRoutes(text, rollouts);
  }

  /** Names the manifest's routes, and the places in them. */
  private readonly digest: string;

  private constructor(
    private readonly text: string,
    private readonly rollouts: readonly RolloutRouteConfig[],
  ) {
    this.digest = hash('sha256', JSON.stringify([text, rollouts])).slice(0, DIGEST_LENGTH);
  }

  /** The shares of the manifest: nothing for any candidate. */
  get shares(): SharesByRollout {
    return new Map(this.rollouts.map(({ name }) => [name, nothingShared(0, 'manifest')]));
  }

  /** Version of the routes with these shares. */
  versionOf(shares: SharesByRollout): string {
    return versionOf(this.digest, shares);
  }

  /** The routes with these shares. */
  render(shares: SharesByRollout): Routes {
    const document = JSON.parse(this.text) as { version_info?: string };
    for (const rollout of this.rollouts) {
      setShares(document, rollout, shares.get(rollout.name) ?? nothingShared(0, 'manifest'));
    }
    const version = this.versionOf(shares);
    document.version_info = version;
    return { version, text: JSON.stringify(document) };
  }

  /** The shares of routes with this version; undefined when they were not made from these. */
  sharesIn(version: string): SharesByRollout | undefined {
    const shares = sharesOf(this.digest, version);
    const known = shares !== undefined && this.rollouts.every(({ name }) => shares.has(name));
    return known && shares.size === this.rollouts.length ? shares : undefined;
  }

  /** The shares of routes that were written before; undefined when they are not whole, or not made from these. */
  adopt(text: string): SharesByRollout | undefined {
    const version = versionIn(text);
    const shares = version === undefined ? undefined : this.sharesIn(version);
    return shares !== undefined && this.render(shares).text === text ? shares : undefined;
  }
}

function setShares(document: object, rollout: RolloutRouteConfig, shares: Shares): void {
  const numbers: Readonly<Record<(typeof POINTERS)[number], number>> = {
    stableWeights: WHOLE_SHARE - shares.candidateWeight,
    candidateWeights: shares.candidateWeight,
    mirrors: shares.mirror,
    comparisons: shares.comparison,
    pins: shares.pinned ? WHOLE_SHARE : 0,
  };
  for (const key of POINTERS) {
    for (const pointer of rollout[key]) {
      setValueAt(document, pointer, numbers[key]);
    }
  }
}

function pointerProblems(document: unknown, rollout: RolloutRouteConfig, index: number): ConfigurationProblem[] {
  return POINTERS.flatMap((key) =>
    rollout[key].flatMap((pointer, position) =>
      typeof valueAt(document, pointer) === 'number'
        ? []
        : [
            {
              path: `rollouts[${index}].${key}[${position}]`,
              value: JSON.stringify(pointer),
              rule: 'leads to a number of the routes',
              fix: SYNTHESIZE,
            },
          ],
    ),
  );
}

/** Pointers to a number that another pointer leads to as well. */
function sharedPlaces(rollouts: readonly RolloutRouteConfig[]): ConfigurationProblem[] {
  const seen = new Set<string>();
  return rollouts.flatMap((rollout, index) =>
    POINTERS.flatMap((key) =>
      rollout[key].flatMap((pointer, position) => {
        const isFirst = !seen.has(pointer);
        seen.add(pointer);
        const path = `rollouts[${index}].${key}[${position}]`;
        const rule = 'leads to a number of its own';
        return isFirst ? [] : [{ path, value: JSON.stringify(pointer), rule, fix: SYNTHESIZE }];
      }),
    ),
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError('routes', [
      {
        path: 'baseRoutesPath',
        value: path,
        rule: `can be read (${errorMessage(error)})`,
        fix: 'Mount the routes there.',
      },
    ]);
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError(`routes ${path}`, [
      { path: '', rule: `is JSON (${errorMessage(error)})`, fix: SYNTHESIZE },
    ]);
  }
}

function versionIn(text: string): string | undefined {
  try {
    const { version_info: version } = JSON.parse(text) as { version_info?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

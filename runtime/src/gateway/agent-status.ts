import { hostname } from 'node:os';
import type { AgentStatus, AppliedSplit } from '../contract';
import type { BaseRoutes } from './base-routes';
import { shownSource } from './metrics';
import type { RoutesPublisher } from './publisher';
import type { RolloutState } from './rollout-state';

/** What an agent tells of its proxy, which is asked at this moment. */
export async function agentStatus(
  publisher: RoutesPublisher,
  base: BaseRoutes,
  rollouts: ReadonlyMap<string, RolloutState>,
): Promise<AgentStatus> {
  await publisher.look();
  const { version: written, serving, rejected } = publisher;
  const served = serving === undefined ? undefined : base.sharesIn(serving);
  const applied = [...(served ?? [])].map(([rollout, shares]): [string, AppliedSplit] => {
    const { revision, candidateWeight, source } = shares;
    const problem = rollouts.get(rollout)?.problem;
    return [
      rollout,
      { revision, candidateWeight, source: shownSource(source), ...(problem === undefined ? {} : { problem }) },
    ];
  });
  return {
    pod: process.env.HOSTNAME || hostname(),
    written,
    ...(serving === undefined ? {} : { serving }),
    ...(rejected === undefined ? {} : { rejected }),
    rollouts: Object.fromEntries(applied),
  };
}

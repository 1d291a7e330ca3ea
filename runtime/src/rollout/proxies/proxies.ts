import * as z from 'zod';
import { type AgentStatus, GATEWAY_PATHS, type RolloutConfig, type RolloutSplit } from '../../contract';
import type { PodAddress } from '../../kubernetes-api';
import { errorMessage } from '../../telemetry';
import { type FindPods, fetchText, nameOf, urlOf } from '../http';
import type { ProxyView } from '../machine';

const status = z.object({
  pod: z.string(),
  written: z.string(),
  serving: z.string().optional(),
  rejected: z.string().optional(),
  rollouts: z.record(z.string(), z.object({ revision: z.number(), candidateWeight: z.number(), source: z.string() })),
});

/** Longest time for the answer of an agent. */
const ANSWER_MILLIS = 3000;

/** The agents of the proxies. */
export class Proxies {
  constructor(
    private readonly config: RolloutConfig,
    private readonly findPods: FindPods,
  ) {}

  /** Asks every agent whether its proxy serves a split. Never rejects: who does not answer does not serve it. */
  async look(split: RolloutSplit, signal: AbortSignal): Promise<ProxyView> {
    let pods: readonly PodAddress[];
    try {
      pods = await this.pods(signal);
    } catch (error) {
      const problem = `the proxies are not known (${errorMessage(error)})`;
      return { serving: 0, isApplied: false, highestRevision: 0, problem };
    }
    const answers = await Promise.all(pods.map((pod) => this.ask(pod, signal)));
    const problems = answers.map((answer, index) => this.problemOf(answer, nameOf(pods[index]), split));
    const found = problems.filter((problem) => problem !== undefined);
    const applied = answers.flatMap((answer) =>
      answer instanceof Error ? [] : (answer.rollouts[this.config.name] ?? []),
    );
    const aborting = answers.flatMap((answer) => (this.isAborted(answer, split) ? [answer] : []));
    const problem = pods.length === 0 ? 'there are no proxies' : found.join('; ');
    return {
      all: pods.length,
      serving: problems.length - found.length,
      isApplied: problem === '',
      highestRevision: Math.max(0, ...applied.map(({ revision }) => revision)),
      ...(problem === '' ? {} : { problem }),
      ...(aborting.length === 0 ? {} : { aborted: aborting.map(({ pod }) => pod).join(', ') }),
    };
  }

  /**
   * Tells every agent to take the candidate's share away, at once and without the API of the cluster. Never rejects; returns who
   * could not be told, and learns it from the split.
   */
  async abort(revision: number, signal: AbortSignal): Promise<string[]> {
    const pods = await this.pods(signal).catch(() => []);
    const failures = await Promise.all(
      pods.map(async (pod) => {
        const url = urlOf(pod, `/rollouts/${encodeURIComponent(this.config.name)}/abort`);
        const body = JSON.stringify({ revision });
        const headers = { 'Content-Type': 'application/json' };
        return fetchText(url, { method: 'POST', body, headers, timeoutMillis: ANSWER_MILLIS, signal }).then(
          () => [],
          (error: unknown) => [`${nameOf(pod)}: ${errorMessage(error)}`],
        );
      }),
    );
    return failures.flat();
  }

  private pods(signal: AbortSignal): Promise<readonly PodAddress[]> {
    const { podsHost, agentPort } = this.config.gateway;
    return this.findPods(podsHost, agentPort, { timeoutMillis: ANSWER_MILLIS, signal });
  }

  private async ask(pod: PodAddress, signal: AbortSignal): Promise<AgentStatus | Error> {
    try {
      const text = await fetchText(urlOf(pod, GATEWAY_PATHS.agentStatus), { timeoutMillis: ANSWER_MILLIS, signal });
      return status.parse(JSON.parse(text));
    } catch (error) {
      return error instanceof z.ZodError ? new Error('its answer is not a status') : asError(error);
    }
  }

  /** Whether somebody told an agent to abort since it knew this split, or a later one. */
  private isAborted(answer: AgentStatus | Error, split: RolloutSplit): answer is AgentStatus {
    const own = answer instanceof Error ? undefined : answer.rollouts[this.config.name];
    return own?.source === 'abort' && own.revision >= split.revision && isShared(split);
  }

  private problemOf(answer: AgentStatus | Error, pod: string, split: RolloutSplit): string | undefined {
    if (answer instanceof Error) {
      return `agent ${pod}: ${answer.message}`;
    }
    const own = answer.rollouts[this.config.name];
    if (own === undefined) {
      return `agent ${answer.pod} does not know the rollout`;
    }
    if (answer.rejected !== undefined) {
      return `proxy ${answer.pod} refuses the routes (${answer.rejected})`;
    }
    const isServed = own.source === 'split' && own.revision === split.revision;
    // Whoever obeys an abort shares nothing, and may learn of the split that says the same before or after it.
    const isObeyed = own.source === 'abort' && !isShared(split);
    if ((isServed || isObeyed) && own.candidateWeight === split.candidateWeight) {
      return undefined;
    }
    return `proxy ${answer.pod} serves revision ${own.revision} (${own.source}), not ${split.revision}`;
  }
}

function isShared({ candidateWeight, mirror, comparison, pinned }: RolloutSplit): boolean {
  return candidateWeight > 0 || mirror > 0 || comparison > 0 || pinned;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

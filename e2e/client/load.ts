import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { LoadCommand, LoadResult } from './command';

const TIMEOUT_MILLIS = 20_000;

/** Sends the same request again and again, until `stop`; then waits for the last answers. */
export async function load(command: LoadCommand, stop: Promise<unknown>): Promise<LoadResult> {
  const failures: Record<string, number> = {};
  const failedAt: number[] = [];
  const answered = { kept: 0, new: 0 };
  let longestMillis = 0;
  let stopped = false;
  const start = performance.now();
  const send = async (kind: 'kept' | 'new') => {
    const agent = kind === 'kept' ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
    // Not all at the same time.
    await wait(Math.random() * command.pauseMillis);
    while (!stopped) {
      const sent = performance.now();
      const problem = await problemOf(command, agent);
      longestMillis = Math.max(longestMillis, Math.round(performance.now() - sent));
      if (problem === undefined) {
        answered[kind] += 1;
      } else {
        const key = `${kind} connection: ${problem}`;
        failures[key] = (failures[key] ?? 0) + 1;
        failedAt.push(Math.round(performance.now() - start));
      }
      await wait(command.pauseMillis);
    }
  };
  const senders = [
    ...Array.from({ length: command.connections }, () => send('kept')),
    ...Array.from({ length: command.newConnections }, () => send('new')),
  ];
  await stop;
  stopped = true;
  await Promise.all(senders);
  return {
    answered: answered.kept + answered.new,
    answeredOnKept: answered.kept,
    failures,
    failedAt: failedAt.length > 2 ? [failedAt[0] ?? 0, failedAt.at(-1) ?? 0] : failedAt,
    longestMillis,
  };
}

/** What was wrong with one request; `undefined` when it was answered with 200. */
function problemOf({ url, body }: LoadCommand, agent: Agent | false): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent, timeout: TIMEOUT_MILLIS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', (error) => resolve(`answer cut: ${reasonOf(error)}`));
      response.on('end', () =>
        resolve(response.statusCode === 200 ? undefined : `${response.statusCode} ${Buffer.concat(chunks)}`),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', (error) => resolve(reasonOf(error)));
    sent.end(body);
  });
}

function reasonOf(error: Error & { code?: string }): string {
  return error.code ?? error.message;
}

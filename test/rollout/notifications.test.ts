import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NotificationOutcome, Notifier } from '../../runtime/src/rollout/notifications';
import type { Decision } from '../../runtime/src/rollout/state';
import { createLogger } from '../../runtime/src/telemetry';
import { startEventReceiver } from '../support/event-receiver';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const decision: Decision = {
  time: '2026-01-01T00:00:00.000Z',
  kind: 'promoted',
  message: 'v2 gets all requests',
  phase: 'Promoted',
  step: 1,
  revision: 5,
  told: 'normal',
};

async function notifier(status = 200) {
  const receiver = await startEventReceiver();
  receiver.status = status;
  const outcomes: NotificationOutcome[] = [];
  const delays: number[] = [];
  const authorizationPath = join(mkdtempSync(join(directory, 'secret-')), 'token');
  writeFileSync(authorizationPath, 'Bearer abc\n');
  const made = new Notifier({
    rollout: 'iris',
    model: 'iris',
    namespace: 'ml',
    address: { url: receiver.url, authorizationPath },
    logger: createLogger({ level: 'silent' }),
    onOutcome: (outcome) => outcomes.push(outcome),
    pause: async (millis) => {
      delays.push(millis);
      receiver.status = delays.length === 2 && status === 503 ? 202 : receiver.status;
    },
  });
  return { receiver, outcomes, delays, made };
}

describe('Notifier', () => {
  it('sends each decision as a structured CloudEvent, with the authorization of the file', async () => {
    const { receiver, outcomes, made } = await notifier();
    made.notify(decision);
    made.notify({ ...decision, kind: 'paused', told: 'warning' });
    await made.idle();
    expect(outcomes).toEqual(['sent', 'sent']);
    expect(receiver.batches[0].headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      authorization: 'Bearer abc',
    });
    expect(receiver.batches[0].events).toMatchObject({
      specversion: '1.0',
      type: 'io.cdk8s-model-serving.rollout.promoted',
      source: '/namespaces/ml/rollouts/iris',
      subject: 'iris',
      data: { rollout: 'iris', message: 'v2 gets all requests', revision: 5 },
    });
  });

  it('tries again, with the same event', async () => {
    const { receiver, outcomes, made } = await notifier(503);
    made.notify(decision);
    await made.idle();
    expect(outcomes).toEqual(['sent']);
    expect(receiver.batches).toHaveLength(3);
    const ids = receiver.batches.map(({ events }) => (events as unknown as { id: string }).id);
    expect(new Set(ids).size).toBe(1);
  });

  it('gives up after five times, and goes on with the next', async () => {
    const { receiver, outcomes, delays, made } = await notifier(500);
    made.notify(decision);
    await made.idle();
    expect([outcomes, delays.length, receiver.batches.length]).toEqual([['failed'], 4, 5]);
  });

  it('drops what does not fit, and never throws', async () => {
    const { outcomes, made } = await notifier();
    for (let count = 0; count < 150; count += 1) {
      made.notify(decision);
    }
    await made.idle();
    expect(outcomes.filter((outcome) => outcome === 'dropped')).toHaveLength(49);
    await made.close();
    made.notify(decision);
    expect(outcomes.at(-1)).toBe('dropped');
  });
});

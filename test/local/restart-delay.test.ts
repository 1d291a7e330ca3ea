import { KUBELET_RESTARTS, RestartDelay } from '../../runtime/src/local/restart-delay';

describe('the delay before a restart', () => {
  it('is that of a kubelet: none, then 10 s, doubled up to 5 minutes', () => {
    const delay = new RestartDelay(KUBELET_RESTARTS);
    expect(Array.from({ length: 9 }, () => delay.next(1000) / 1000)).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it('begins again after 10 minutes of running', () => {
    const delay = new RestartDelay(KUBELET_RESTARTS);
    expect([delay.next(0), delay.next(0), delay.next(599_999), delay.next(600_000), delay.next(0)]).toEqual([
      0, 10_000, 20_000, 0, 10_000,
    ]);
  });
});

import {
  type BreakerCall,
  type BreakerState,
  CircuitBreaker,
  exponentialDelay,
  RetryBudget,
} from '../../runtime/src/scheduling';

/** A breaker with a clock of its own and without jitter. */
function breaker() {
  let time = 0;
  const states: BreakerState[] = [];
  const circuit = new CircuitBreaker({
    openMillis: 1000,
    maxOpenMillis: 3000,
    now: () => time,
    random: () => 1,
    onChange: (state) => states.push(state),
  });
  const call = (): BreakerCall => {
    const permitted = circuit.tryCall();
    if (permitted === undefined) {
      throw new Error('refused');
    }
    return permitted;
  };
  const fail = (times: number) => {
    for (let index = 0; index < times; index += 1) {
      call().failed();
    }
  };
  return {
    circuit,
    states,
    call,
    fail,
    pass: (millis: number) => {
      time += millis;
    },
  };
}

describe('CircuitBreaker', () => {
  it('opens after five failures in a row, and a success starts the count again', () => {
    const { circuit, call, fail } = breaker();
    fail(4);
    call().succeeded();
    fail(4);
    expect(circuit.state).toBe('closed');
    fail(1);
    expect(circuit.state).toBe('open');
    expect(circuit.tryCall()).toBeUndefined();
  });

  it('opens when half of the last calls failed, from twenty calls on', () => {
    const { circuit, call, fail } = breaker();
    for (let index = 0; index < 9; index += 1) {
      fail(1);
      call().succeeded();
    }
    expect(circuit.state).toBe('closed');
    fail(1);
    expect(circuit.state).toBe('closed');
    fail(1);
    expect(circuit.state).toBe('open');
  });

  it('forgets what was longer ago than fifty calls', () => {
    const { circuit, call, fail } = breaker();
    for (let index = 0; index < 60; index += 1) {
      call().succeeded();
    }
    for (let round = 0; round < 30; round += 1) {
      fail(1);
      call().succeeded();
      call().succeeded();
    }
    expect(circuit.state).toBe('closed');
  });

  it('lets a single probe pass when its time is over; success closes it', () => {
    const { circuit, states, call, fail, pass } = breaker();
    fail(5);
    pass(999);
    expect(circuit.tryCall()).toBeUndefined();
    pass(1);
    const probe = call();
    expect(circuit.state).toBe('half-open');
    expect([circuit.tryCall(), circuit.tryCall()]).toEqual([undefined, undefined]);
    probe.succeeded();
    expect(states).toEqual(['open', 'half-open', 'closed']);
    fail(4);
    expect(circuit.state).toBe('closed');
  });

  it('doubles the time with each failed probe, up to its limit, and begins anew after a success', () => {
    const { circuit, call, fail, pass } = breaker();
    fail(5);
    for (const millis of [1000, 2000, 3000, 3000]) {
      pass(millis - 1);
      expect(circuit.tryCall()).toBeUndefined();
      pass(1);
      call().failed();
      expect(circuit.state).toBe('open');
    }
    pass(3000);
    call().succeeded();
    fail(5);
    pass(1000);
    expect(circuit.tryCall()).toBeDefined();
  });

  it('takes no notice of calls that began in another state', () => {
    const { circuit, call, fail, pass } = breaker();
    const early = [call(), call(), call()];
    fail(5);
    early[0].succeeded();
    expect(circuit.state).toBe('open');
    pass(1000);
    const probe = call();
    early[1].succeeded();
    expect(circuit.state).toBe('half-open');
    early[2].failed();
    expect(circuit.state).toBe('half-open');
    probe.succeeded();
    probe.failed();
    expect(circuit.state).toBe('closed');
  });

  it('probes at once when the dependency seems to be back', () => {
    const { circuit, call, fail } = breaker();
    fail(5);
    circuit.probeSoon();
    call().succeeded();
    expect(circuit.state).toBe('closed');
  });
});

test('an exponential delay doubles up to its limit, in the upper half of which it is random', () => {
  const delays = (random: number) =>
    [0, 1, 2, 3, 100].map((attempt) => exponentialDelay(attempt, 10, 50, () => random));
  expect(delays(1)).toEqual([10, 20, 40, 50, 50]);
  expect(delays(0)).toEqual([5, 10, 20, 25, 25]);
});

describe('RetryBudget', () => {
  it('allows ten retries a second, and a fifth of the attempts', () => {
    let time = 0;
    const budget = new RetryBudget(() => time);
    const retries = () => {
      let count = 0;
      while (budget.tryRetry()) {
        count += 1;
      }
      return count;
    };
    expect(retries()).toBe(10);
    for (let index = 0; index < 50; index += 1) {
      budget.attempted();
    }
    expect(retries()).toBe(10);
    time += 500;
    expect(retries()).toBe(5);
    time += 60_000;
    expect(retries()).toBe(10);
    for (let index = 0; index < 100_000; index += 1) {
      budget.attempted();
    }
    expect(retries()).toBe(100);
  });
});

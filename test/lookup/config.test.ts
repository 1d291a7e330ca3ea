import { readLookupConfig } from '../../runtime/src/config/lookup-schema';
import { servingConfig } from '../support/serving-config';

const LOOKUP = {
  name: 'reco',
  version: '1',
  table: { address: 'redis:6379', table: 'reco' },
  key: 'user',
  timeoutMillis: 50,
};

function config(change: object = {}, server: object = {}) {
  return {
    schema: 'model-serving-lookup/v1',
    lookups: [{ ...LOOKUP, ...change }],
    server: { ...servingConfig().server, ...server },
  };
}

describe('the configuration of a lookup', () => {
  it('is taken as it is', () => {
    const complete = config({ maxAgeMillis: 7_200_000, defaultPrediction: { score: 0, items: [] } });
    expect(readLookupConfig(complete, 'config.json')).toEqual(complete);
  });

  it.each([
    [config({ table: { address: 'redis', table: 'reco' } }), /lookups\[0\]\.table\.address/],
    [config({ timeoutMillis: 0 }), /lookups\[0\]\.timeoutMillis/],
    [config({ extra: 1 }), /lookups\[0\]\.extra/],
    [config({}, { management: { port: 9000 } }), /server\.management.*absent/],
    [config({}, { grpcPort: 8080 }), /server\.grpcPort.*port of its own/],
    [{ ...config(), lookups: [LOOKUP, { ...LOOKUP, version: '2' }] }, /lookups\[1\]\.name.*unique/],
    [{ ...config(), lookups: [] }, /lookups/],
    [{ ...config(), schema: 'model-serving/v1' }, /schema/],
  ])('is refused with path and rule: %#', (input, message) => {
    expect(() => readLookupConfig(input, 'config.json')).toThrow(message);
  });
});

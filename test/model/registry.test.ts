import fc from 'fast-check';
import { compareVersions, type LoadedModel, ModelRegistry } from '../../runtime/src/model';

const LOADED = {} as LoadedModel;

describe('compareVersions', () => {
  it.each([
    [
      ['10', '9', '1'],
      ['1', '9', '10'],
    ],
    [
      ['v10', 'v2', 'v1'],
      ['v1', 'v2', 'v10'],
    ],
    [
      ['2026-11-01', '2026-9-30'],
      ['2026-9-30', '2026-11-01'],
    ],
    [
      ['1.10.0', '1.9.3', '1.9'],
      ['1.9', '1.9.3', '1.10.0'],
    ],
    [
      ['b', 'a', 'A'],
      ['A', 'a', 'b'],
    ],
  ])('sorts %j', (versions, sorted) => {
    expect([...versions].sort(compareVersions).map((version) => version.toLowerCase())).toEqual(
      sorted.map((version) => version.toLowerCase()),
    );
  });

  it('is a total order', () => {
    const version = fc.stringMatching(/^[a-zA-Z0-9.-]{1,6}$/);
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        expect(compareVersions(a, b) === 0).toBe(a === b);
      }),
    );
  });
});

describe('ModelRegistry', () => {
  it('is not ready without models', () => {
    expect(new ModelRegistry().ready).toBe(false);
  });

  it('is ready when every version is', () => {
    const registry = new ModelRegistry();
    const [one, two] = ['1', '2'].map((version) => registry.add('m', version));
    expect([registry.ready, one.state, one.reason]).toEqual([false, 'LOADING', 'the model is loading']);
    one.setReady(LOADED);
    expect([registry.ready, one.state, one.reason]).toEqual([false, 'READY', undefined]);
    two.setUnavailable('it is broken');
    expect([registry.ready, two.state, two.reason]).toEqual([false, 'UNAVAILABLE', 'it is broken']);
    two.setReady(LOADED);
    expect(registry.ready).toBe(true);
  });

  it('waits for no version that is unloaded, and says how far that is', () => {
    const registry = new ModelRegistry();
    const [one, two] = ['1', '2'].map((version) => registry.add('m', version));
    one.setReady(LOADED);
    two.setReady(LOADED);
    two.setUnloading();
    expect([registry.ready, two.state, two.reason]).toEqual([true, 'UNLOADING', 'the model is being unloaded']);
    expect(registry.find('m')).toBe(one);
    two.setUnloaded();
    expect([registry.ready, two.state, two.reason]).toEqual([true, 'UNAVAILABLE', 'the model was unloaded']);
    two.setUnloading();
    two.setLoading();
    two.setUnloaded();
    expect([two.state, two.reason]).toEqual(['LOADING', 'the model is loading']);
  });

  it('finds the latest version that is ready, whatever the order of adding', () => {
    const registry = new ModelRegistry();
    const [ten, nine, eleven] = ['10', '9', '11'].map((version) => registry.add('m', version));
    expect(registry.find('m')).toBe(eleven);
    nine.setReady(LOADED);
    expect(registry.find('m')).toBe(nine);
    ten.setReady(LOADED);
    eleven.setUnavailable('broken');
    expect(registry.find('m')).toBe(ten);
    expect(registry.find('m', '11')).toBe(eleven);
    expect(registry.versions('m').map(({ version }) => version)).toEqual(['9', '10', '11']);
  });

  it('knows nothing of other names and versions', () => {
    const registry = new ModelRegistry();
    registry.add('m', '1');
    expect(registry.find('n')).toBeUndefined();
    expect(registry.find('m', '2')).toBeUndefined();
    expect(registry.versions('__proto__')).toEqual([]);
  });
});

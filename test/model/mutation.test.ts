import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { mutateBinary } from '../support/binary-mutation';
import { seededRandom } from '../support/mutation';
import { MODELS } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

const SEED = 20_261_122;
const COUNT = 4000;

/** Models opened before memory is looked at: the engine and the compiler take theirs with the first ones. */
const SETTLED = 1000;
const GROWTH_MEGABYTES = 24;

const LIMIT_MILLIS = 120_000;

/** Nothing that a changed number could make run without end, or need all memory for. */
const FIXTURES = [
  'gather-fails',
  'identity-fp32',
  'identity-string',
  'iris-regressor',
  'iris-string-labels',
  'iris-zipmap',
  'iris-zipmap-strings',
  'mixed-columns',
  'mlp',
  'rank3',
  'two-inputs',
];

interface Opened {
  readonly outcome: 'loaded' | 'refused' | 'unexpected';
  readonly error?: string;
  readonly megabytes: number;
}

describe('mutated ONNX files', () => {
  const root = temporaryDirectory();
  let opened: Opened[];

  beforeAll(async () => {
    const random = seededRandom(SEED);
    const models = FIXTURES.map((name) => readFileSync(join(MODELS, `${name}.onnx`)));
    const lines = Array.from({ length: COUNT }, () =>
      mutateBinary(models[Math.floor(random() * models.length)], random).toString('base64'),
    );
    const file = join(root, 'models.txt');
    writeFileSync(file, lines.join('\n'));
    // A crash of the engine would end the process: it must not be this one.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [resolve(__dirname, '../support/open-models.js'), file],
      { timeout: LIMIT_MILLIS, maxBuffer: 64 * 1024 * 1024 },
    );
    opened = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Opened);
  }, LIMIT_MILLIS);

  it(`are opened or refused: ${COUNT} of them, without a crash`, () => {
    expect(opened).toHaveLength(COUNT);
    expect(opened.filter(({ outcome }) => outcome === 'unexpected')).toEqual([]);
  });

  it('reach the engine and the model, not only the first bytes of the reader', () => {
    const count = (holds: (each: Opened) => boolean) => opened.filter(holds).length;
    expect(count(({ outcome }) => outcome === 'loaded')).toBeGreaterThan(COUNT / 20);
    expect(count(({ error }) => error?.includes('the engine cannot open it') === true)).toBeGreaterThan(COUNT / 20);
    expect(count(({ error }) => error?.includes('the file is damaged') === true)).toBeGreaterThan(COUNT / 20);
  });

  it('are refused in words, without the names of directories', () => {
    for (const { error } of opened.filter(({ outcome }) => outcome === 'refused')) {
      // The message for the log names the file; what follows is for everybody.
      expect(error).toMatch(/^Model(Integrity)?Error: \S+model\.onnx: \S/);
      expect(error?.replace(/^\w+: \S+/, '')).not.toMatch(/\/(tmp|onnxruntime_src|home|root|work)\//);
    }
  });

  it('leave no memory behind', () => {
    const grown = (opened.at(-1)?.megabytes ?? Number.NaN) - opened[SETTLED].megabytes;
    expect(grown).toBeLessThan(GROWTH_MEGABYTES);
  });
});

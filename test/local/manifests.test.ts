import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManifestError, parseManifests, readManifests } from '../../runtime/src/local';
import { temporaryDirectory } from '../support/temporary';

const root = temporaryDirectory();
const named = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

describe('reading manifests', () => {
  it('takes the YAML files of a directory and its folders in the order of their names, and nothing else', () => {
    const directory = join(root, 'dist');
    mkdirSync(join(directory, 'b'), { recursive: true });
    writeFileSync(join(directory, 'c.yml'), named('three'));
    writeFileSync(join(directory, 'a.k8s.yaml'), `${named('one')}---\n${named('two')}---\n`);
    writeFileSync(join(directory, 'b/x.yaml'), named('four'));
    writeFileSync(join(directory, 'construct-metadata.json'), '{}');
    expect(readManifests([directory]).map(({ metadata }) => metadata.name)).toEqual(['one', 'two', 'four', 'three']);
  });

  it('takes files of any name, JSON too', () => {
    const file = join(root, 'object.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'json' } }));
    expect(readManifests([file]).map(({ metadata }) => metadata.name)).toEqual(['json']);
  });

  it('takes lists apart', () => {
    const items = ['a', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }));
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    expect(parseManifests(text, 'list').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  });

  it('reads values as Kubernetes does', () => {
    const [manifest] = parseManifests(
      `${named('x')}data:\n  mode: 0644\n  flag: yes\n  day: 2026-11-01\n  time: 12:30\n`,
      'x',
    );
    expect(manifest?.data).toEqual({ mode: 420, flag: true, day: '2026-11-01', time: '12:30' });
  });

  it('tells everything that cannot be read at once, with its place', () => {
    const bad = join(root, 'bad.yaml');
    writeFileSync(bad, 'a: [1\n');
    const other = join(root, 'other.yaml');
    writeFileSync(other, 'just: text\n---\n- a list\n');
    let fault: unknown;
    try {
      readManifests([bad, other, join(root, 'none')]);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(ManifestError);
    const { problems, exitCode } = fault as ManifestError;
    expect(exitCode).toBe(43);
    expect(problems).toEqual([
      expect.stringMatching(/bad\.yaml: .*line 2/s),
      expect.stringMatching(
        /other\.yaml: a document is no Kubernetes object: it needs apiVersion, kind and metadata\.name/,
      ),
      expect.stringMatching(/other\.yaml: a document is no Kubernetes object/),
      expect.stringMatching(/ENOENT.*none/),
    ]);
  });

  it('says what to do when there is nothing', () => {
    const empty = join(root, 'empty');
    mkdirSync(empty);
    expect(() => readManifests([empty])).toThrow(/no manifest found. Synthesize first/);
  });
});

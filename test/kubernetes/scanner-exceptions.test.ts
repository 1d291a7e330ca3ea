import { JsonPatch } from 'cdk8s';
import { DisruptionBudget, ModelSource, type OnlineModelProps, Scaling } from 'cdk8s-model-serving';
import { ImagePullPolicy } from 'cdk8s-plus-28';
import { only, remoteModel, SHA256, synthesize } from '../support/manifests';

const BY_DIGEST = `registry.example.com/team/model-serving@sha256:${SHA256}`;
const BY_TAG = 'registry.example.com/team/model-serving:1.0.0';

const PULL_POLICY = 'container-image-pull-policy';
const ANTI_AFFINITY = 'deployment-has-host-podantiaffinity';

function annotationsOf(props: Partial<OnlineModelProps>): { [key: string]: string } {
  return only(synthesize(props), 'Deployment').metadata.annotations ?? {};
}

/** Checks that are left out, by name. */
function exceptionsIn(annotations: { [key: string]: string }): string[] {
  const ofCheckov = Object.entries(annotations).filter(([key]) => key.startsWith('checkov.io/skip'));
  const ofKubeScore = (annotations['kube-score/ignore'] ?? '').split(',').filter((name) => name !== '');
  return [...ofCheckov.map(([, value]) => value.split('=')[0] as string), ...ofKubeScore].sort();
}

const sidecar = (image: string) => [JsonPatch.add('/spec/containers/-', { name: 'proxy', image })];

describe('findings of scanners are left out only while they do not hold', () => {
  test.each<[string, Partial<OnlineModelProps>, string[]]>([
    ['by default', {}, ['CKV_K8S_15', 'CKV_K8S_43', PULL_POLICY, ANTI_AFFINITY]],
    ['an image by its digest', { image: BY_DIGEST }, [PULL_POLICY, ANTI_AFFINITY]],
    ['an image by tag and digest', { image: `${BY_TAG}@sha256:${SHA256}` }, [PULL_POLICY, ANTI_AFFINITY]],
    ['an image by its tag', { image: BY_TAG }, [ANTI_AFFINITY]],
    ['the released image, always pulled', { imagePullPolicy: ImagePullPolicy.ALWAYS }, ['CKV_K8S_43', ANTI_AFFINITY]],
    ['another container by its tag', { podPatch: sidecar(BY_TAG) }, [ANTI_AFFINITY]],
    [
      'another container by its digest',
      { podPatch: sidecar(BY_DIGEST) },
      ['CKV_K8S_15', 'CKV_K8S_43', PULL_POLICY, ANTI_AFFINITY],
    ],
    [
      'a model copied out of an image by its tag',
      { model: remoteModel({ source: ModelSource.image(BY_TAG, '/m.onnx', { sha256: SHA256 }) }) },
      [ANTI_AFFINITY],
    ],
    [
      'one replica',
      { replicas: 1, disruptionBudget: DisruptionBudget.none() },
      ['CKV_K8S_15', 'CKV_K8S_43', PULL_POLICY],
    ],
    [
      'replicas of an autoscaler',
      { image: BY_DIGEST, scaling: Scaling.onCpu({ maxReplicas: 4 }) },
      [PULL_POLICY, ANTI_AFFINITY],
    ],
    [
      'replicas that are not spread',
      { image: BY_DIGEST, podPatch: [JsonPatch.remove('/spec/topologySpreadConstraints')] },
      [PULL_POLICY],
    ],
    [
      'replicas that are spread over zones alone',
      { image: BY_DIGEST, podPatch: [JsonPatch.remove('/spec/topologySpreadConstraints/1')] },
      [PULL_POLICY],
    ],
    [
      'nothing to leave out',
      {
        image: BY_DIGEST,
        imagePullPolicy: ImagePullPolicy.ALWAYS,
        podPatch: [JsonPatch.remove('/spec/topologySpreadConstraints')],
      },
      [],
    ],
  ])('%s', (_name, props, expected) => {
    expect(exceptionsIn(annotationsOf(props))).toEqual(expected);
  });

  test('each has a reason, which no scanner takes for something else', () => {
    const annotations = annotationsOf({});
    const reasons = exceptionsIn(annotations).map((check) =>
      check.startsWith('CKV_')
        ? annotations[`checkov.io/skip-${check}`]?.slice(`${check}=`.length)
        : annotations[`kube-score/reason.${check}`],
    );
    expect(reasons).toEqual(reasons.map(() => expect.stringMatching(/^[^=]{20,}$/)));
  });

  test('other objects have no exceptions', () => {
    const others = synthesize().filter(({ kind }) => kind !== 'Deployment');
    expect(others.filter(({ metadata }) => metadata.annotations !== undefined)).toEqual([]);
  });
});

describe('what an author leaves out', () => {
  const own = (annotations: { [key: string]: string }) => annotationsOf({ metadata: { annotations } });

  test('is added to, once', () => {
    const annotations = own({ 'kube-score/ignore': `label-values, ${PULL_POLICY}`, 'example.com/owner': 'a' });
    expect(annotations['kube-score/ignore']).toBe(`label-values,${PULL_POLICY},${ANTI_AFFINITY}`);
    expect(annotations['example.com/owner']).toBe('a');
  });

  test('keeps its own reason', () => {
    const annotations = own({ 'checkov.io/skip-CKV_K8S_43': 'CKV_K8S_43=Our registry has no digests.' });
    expect(annotations['checkov.io/skip-CKV_K8S_43']).toBe('CKV_K8S_43=Our registry has no digests.');
    expect(exceptionsIn(annotations)).toContain('CKV_K8S_15');
  });
});

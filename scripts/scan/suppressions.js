/** Suppressions: annotations of an object that take it out of a check of a scanner. */

const KUBE_SCORE = 'kube-score/ignore';
const KUBE_SCORE_REASON = 'kube-score/reason.';
const CHECKOV = 'checkov.io/skip';

/** Suppressions of a manifest: the tool, the check, the object and the reason, which is empty where there is none. */
function suppressionsOf({ kind, metadata }) {
  const object = `${kind} ${metadata.name}`;
  const annotations = { ...metadata.annotations };
  const ignored = (annotations[KUBE_SCORE] ?? '').split(',').map((check) => check.trim());
  const fromKubeScore = ignored
    .filter((check) => check !== '')
    .map((check) => ({ tool: 'kube-score', check, object, reason: annotations[KUBE_SCORE_REASON + check] ?? '' }));
  const fromCheckov = Object.entries(annotations)
    .filter(([key]) => key.startsWith(CHECKOV))
    .map(([, value]) => {
      const [check, reason = ''] = value.split('=');
      return { tool: 'checkov', check, object, reason };
    });
  return [...fromKubeScore, ...fromCheckov];
}

/** The same manifest without suppressions. */
function withoutSuppressions(manifest) {
  const annotations = Object.entries(manifest.metadata.annotations ?? {}).filter(
    ([key]) => key !== KUBE_SCORE && !key.startsWith(CHECKOV),
  );
  return { ...manifest, metadata: { ...manifest.metadata, annotations: Object.fromEntries(annotations) } };
}

/**
 * What is wrong with the suppressions of a target: one without a reason, or one of a check that finds nothing without it.
 *
 * @param manifests objects of the target
 * @param bare findings in the same manifests without suppressions
 */
function suppressionFindings(manifests, bare) {
  const found = new Set(bare.map(({ tool, check }) => `${tool} ${check}`));
  return manifests.flatMap(suppressionsOf).flatMap(({ tool, check, object, reason }) => {
    const finding = (message) => [{ tool, check, severity: 'SUPPRESSION', file: '', object, message }];
    if (reason.trim() === '') {
      return finding('suppressed without a reason');
    }
    return found.has(`${tool} ${check}`) ? [] : finding('suppressed, and nothing would be found');
  });
}

module.exports = { suppressionFindings, withoutSuppressions };

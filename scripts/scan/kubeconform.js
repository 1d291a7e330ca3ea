const { runJson } = require('./tools');

/**
 * Validates a folder of manifests with kubeconform against one version of Kubernetes: unknown and repeated fields, and kinds
 * without a schema, are findings.
 *
 * @returns `{ checks, findings }`
 */
async function kubeconform(program, folder, version, schemaLocation) {
  const args = ['-strict', '-verbose', '-output', 'json', '-kubernetes-version', `${version}.0`];
  const { resources } = await runJson(program, [...args, '-schema-location', schemaLocation, folder]);
  const findings = resources
    .filter(({ status }) => status !== 'statusValid')
    .map(({ filename, kind, name, msg, status }) => ({
      tool: 'kubeconform',
      check: status === 'statusInvalid' ? 'invalid' : 'unchecked',
      severity: `Kubernetes ${version}`,
      file: filename,
      object: `${kind} ${name}`,
      message: msg,
    }));
  return { checks: resources.length, findings };
}

module.exports = { kubeconform };

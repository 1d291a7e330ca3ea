const { runManifests } = require('../local-run');

/**
 * Runs the manifests of a canary.
 *
 * @returns `url` of the gateway, `api` and `rollout` for `model-serving rollout`, `proxy`: what the log says of the gateways,
 *   and `stop`
 */
async function runCanary(manifests, folder) {
  const { status, log, stop } = await runManifests(manifests, folder);
  const [{ url: api, rollouts }] = status.apis;
  return {
    url: status.services.find(({ name, port }) => name.startsWith('gateway') && port === 'http').url,
    api,
    rollout: rollouts[0],
    proxy: /"msg":"(gateways run [^"]*)"/.exec(log)?.[1],
    stop,
  };
}

module.exports = { runCanary };

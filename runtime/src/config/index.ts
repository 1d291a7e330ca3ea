export { type DiscoverOptions, type Discovery, discoverModels, NoModelsError, type UnusableModel } from './discover';
export { ConfigurationError, type ConfigurationProblem } from './error';
export { loadGatewayAgentConfig } from './gateway-agent-schema';
export { checkConfig, loadConfig } from './load';
export { loadRolloutConfig, readRolloutConfig } from './rollout-schema';
export { bindHost, containerPath, currentSandbox, type Sandbox } from './sandbox';
export { serviceHost, standInAddress } from './stand-in';

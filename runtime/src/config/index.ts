export { loadBatchConfig, loadFetchedModels } from './batch-config';
export { type DiscoverOptions, type Discovery, discoverModels, NoModelsError, type UnusableModel } from './discover';
export { ConfigurationError, type ConfigurationProblem } from './error';
export {
  checkConfig,
  loadConfig,
  loadGatewayAgentConfig,
  loadLookupConfig,
  loadRolloutConfig,
  readRolloutConfig,
} from './load';
export { bindHost, containerPath, currentSandbox, type Sandbox } from './sandbox';
export { serviceHost, standInAddress } from './stand-in';
export { loadStreamConfig } from './stream-config';

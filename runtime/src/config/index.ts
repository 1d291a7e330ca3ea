export { type DiscoverOptions, type Discovery, discoverModels, NoModelsError, type UnusableModel } from './discover';
export { ConfigurationError, type ConfigurationProblem } from './error';
export { checkConfig, loadConfig } from './load';
export { bindHost, containerPath } from './sandbox';
export { serviceHost } from './stand-in';

export { type LookupOptions, startLookup } from './start';

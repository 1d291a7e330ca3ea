export { Arrivals } from './arrivals';
export { retrySize } from './retry-size';

import type { StreamConfig } from '../../contract';
import type { RunningStream, StreamOptions } from './start-stream';

export type { RunningStream, StreamOptions } from './start-stream';

/** Starts a consumer: first its probes, then its model, then its clients. */
export function startStream(config: StreamConfig, options: StreamOptions): Promise<RunningStream> {
  // Loaded when it is used: the engine takes a while.
  const room = require('./start-stream') as typeof import('./start-stream');
  return room.startStream(config, options);
}

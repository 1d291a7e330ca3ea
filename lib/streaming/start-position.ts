/** Where a consumer begins that has no position in the stream yet. */
export enum StartPosition {
  /** With the oldest event that is there. */
  EARLIEST = 'earliest',
  /** With the first event that comes. */
  LATEST = 'latest',
}

/** The keys that tokens are verified with cannot be had at this time. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

/** Header with the seconds after which a client should ask again: a model is loading, or the server drains or is full. */
export const RETRY_AFTER = { 'Retry-After': '1' } as const;

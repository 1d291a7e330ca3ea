/** The only door to the library: the types and constants of the contract. */
export * from '../../lib/contract';

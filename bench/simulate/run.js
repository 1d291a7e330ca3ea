/*
 * How often the statistics of a rollout are wrong, how soon they are right, and how the threshold rules of Argo Rollouts and
 * Flagger decide on the same traffic. Prints tables; the same seed gives the same tables.
 *
 *   npm run simulate                    # under two minutes
 *   npm run simulate -- --runs 4000     # less noise
 */
require('tsx/cjs');
require('./main.ts');

import { redisScript, type Script } from '../redis';
import { POINTER_FIELDS } from './run-record';

/**
 * Writes rows of one hash and counts those that are new. Both at once, so that the count is right whatever is written twice.
 *
 * Keys: the hash, the run. Arguments: milliseconds until the hash goes, then key and row of each.
 */
export const WRITE_ROWS: Script = redisScript(`
local new = redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
if new > 0 then
  redis.call('HINCRBY', KEYS[2], 'rows', new)
end
return new
`);

/** The life of the server's process: another one after a restart, and after a failover. */
const SERVER_LIFE = `string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or 'unknown'`;

/** Says which life the server is in. No keys. */
export const READ_LIFE: Script = redisScript(`
return ${SERVER_LIFE}
`);

/**
 * Notes that a unit is written, unless the server may have lost some of it: what it has kept of another life, or of a run
 * that it does not know any more, is less than it had confirmed.
 *
 * Keys: the run, its units. Arguments: the life in which the unit was begun, name of the unit, what is noted, milliseconds
 * until both keys go. Returns 1 when it is noted, else 0.
 */
export const NOTE_UNIT: Script = redisScript(`
if (${SERVER_LIFE}) ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'plan') == 0 then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
`);

/**
 * Makes a run the current one, unless that is as new or newer. The current one becomes the previous one. The same run again
 * replaces its own record.
 *
 * Keys: the pointer. Arguments: name of the run, its time, its record. Returns 1 when the run is current afterwards, else 0.
 */
export const SWITCH_RUN: Script = redisScript(`
local run = redis.call('HGET', KEYS[1], '${POINTER_FIELDS.run}')
if run and run ~= ARGV[1] then
  if tonumber(redis.call('HGET', KEYS[1], '${POINTER_FIELDS.time}')) >= tonumber(ARGV[2]) then
    return 0
  end
  redis.call('HSET', KEYS[1], '${POINTER_FIELDS.previous}', redis.call('HGET', KEYS[1], '${POINTER_FIELDS.current}'))
end
redis.call('HSET', KEYS[1], '${POINTER_FIELDS.run}', ARGV[1], '${POINTER_FIELDS.time}', ARGV[2], '${POINTER_FIELDS.current}', ARGV[3])
return 1
`);

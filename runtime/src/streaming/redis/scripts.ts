import { redisScript, type Script } from '../../redis';

/**
 * Reads one text of a frame: its length in four bytes, then its bytes. One argument with everything is far cheaper for the
 * client than an argument for each field.
 */
const READ_FRAME = `
local frame, at = ARGV[1], 1
local function text()
  local found
  found, at = struct.unpack('>I4c0', frame, at)
  return found
end
local function number(format)
  local found
  found, at = struct.unpack(format, frame, at)
  return found
end
local function entry()
  local fields = {}
  for index = 1, number('>I2') do
    fields[index] = text()
  end
  return fields
end
local function add(key, most, fields)
  if most == '' then
    redis.call('XADD', key, '*', unpack(fields))
  else
    redis.call('XADD', key, 'MAXLEN', '~', most, '*', unpack(fields))
  end
end
`;

/**
 * Adds entries to a stream, all or none: one that is refused for want of memory would let those behind it go ahead.
 *
 * Keys: the stream. Arguments: a frame of entries (see `frame.ts`), about the most entries that are kept (empty = all).
 * Returns how many were added.
 */
export const ADD_ENTRIES: Script = redisScript(`
${READ_FRAME}
redis.call('XLEN', KEYS[1])
local count = 0
while at <= #frame do
  add(KEYS[1], ARGV[2], entry())
  count = count + 1
end
return count
`);

/**
 * Writes what became of entries and acknowledges them, at once. Entries that are pending no more are left out with all that
 * became of them: another consumer, or an attempt whose answer was lost, has finished them.
 *
 * Memory is checked by the server at the first XADD alone, so nothing may be written before it.
 *
 * Keys: the stream that is read, then those that are written. Arguments: a frame of settled entries (see `frame.ts`), the
 * group, then for each stream that is written about the most entries that are kept (empty = all). Returns how many entries
 * were acknowledged.
 */
export const SETTLE_ENTRIES: Script = redisScript(`
${READ_FRAME}
local group = ARGV[2]
for index = 2, #KEYS do
  redis.call('XLEN', KEYS[index])
end
local settled = {}
while at <= #frame do
  local id = text()
  local pending = #redis.call('XPENDING', KEYS[1], group, id, id, 1) > 0
  if pending then
    settled[#settled + 1] = id
  end
  for _ = 1, number('>I1') do
    local target = number('>I1')
    local fields = entry()
    if pending then
      add(KEYS[target], ARGV[target + 1], fields)
    end
  end
end
for from = 1, #settled, 1000 do
  redis.call('XACK', KEYS[1], group, unpack(settled, from, math.min(from + 999, #settled)))
end
return #settled
`);

/**
 * Tries to add an entry with an id that none can have: what is wrong with the rights is said before that. Returns the refusal.
 *
 * Keys: the stream.
 */
export const PROBE_WRITING: Script = redisScript(`
return redis.pcall('XADD', KEYS[1], '0-0', 'probe', '').err
`);

/**
 * Makes a group, and its stream, unless it is there.
 *
 * Keys: the stream. Arguments: the group, id of the entry before its first one.
 */
export const CREATE_GROUP: Script = redisScript(`
local reply = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM')
if type(reply) == 'table' and reply.err and not string.find(reply.err, 'BUSYGROUP') then
  return reply
end
return 1
`);

/** Whether an entry is still pending for the consumer; another one may have taken it over. */
const IS_MINE = `
local stream, group, me = KEYS[1], ARGV[1], ARGV[2]
local function mine(id)
  return #redis.call('XPENDING', stream, group, id, id, 1, me) > 0
end
`;

/**
 * Says that a consumer is still at work on entries, those of them that are its own.
 *
 * Keys: the stream. Arguments: the group, the consumer, ids.
 */
export const KEEP_ENTRIES: Script = redisScript(`
${IS_MINE}
for index = 3, #ARGV do
  if mine(ARGV[index]) then
    redis.call('XCLAIM', stream, group, me, 0, ARGV[index], 'JUSTID')
  end
end
`);

/**
 * Reads own pending entries again, which counts as a delivery. (Reading the history of the consumer would count for those too
 * that it is at work on.) Entries that were deleted from the stream are acknowledged.
 *
 * Keys: the stream. Arguments: the group, the consumer, ids. Returns entries as XCLAIM does.
 */
export const TAKE_OWN_ENTRIES: Script = redisScript(`
${IS_MINE}
local entries = {}
for index = 3, #ARGV do
  if mine(ARGV[index]) then
    local found = redis.call('XCLAIM', stream, group, me, 0, ARGV[index])[1]
    if found then
      entries[#entries + 1] = found
    else
      redis.call('XACK', stream, group, ARGV[index])
    end
  end
end
return entries
`);

/**
 * Ends a consumer: entries that it has not tried are for others at once, and count as often delivered as before; the consumer is
 * removed when nothing is pending for it, since what is pending would be removed with it.
 *
 * Keys: the stream. Arguments: the group, the consumer, time after which entries are taken over in milliseconds, then id and
 * deliveries of each entry that was not tried.
 */
export const LEAVE_GROUP: Script = redisScript(`
${IS_MINE}
for index = 4, #ARGV, 2 do
  if mine(ARGV[index]) then
    redis.call('XCLAIM', stream, group, me, 0, ARGV[index], 'IDLE', ARGV[3], 'RETRYCOUNT', ARGV[index + 1], 'JUSTID')
  end
end
if #redis.call('XPENDING', stream, group, '-', '+', 1, me) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', stream, group, me)
end
`);

/**
 * Removes consumers that have nothing pending and have not asked for so long that they must be gone: pods that were killed.
 *
 * Keys: the stream. Arguments: the group, the consumer that asks, milliseconds.
 */
export const REMOVE_GONE_CONSUMERS: Script = redisScript(`
local removed = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local info = {}
  for index = 1, #consumer, 2 do
    info[consumer[index]] = consumer[index + 1]
  end
  if info.pending == 0 and info.name ~= ARGV[2] and info.idle > tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], info.name)
    removed = removed + 1
  end
end
return removed
`);

/**
 * Counts the entries behind the last one that the group has read, where the server does not know their number: after a restart, or
 * after entries were deleted. Beyond a bound they are not counted but guessed, by the times in the ids.
 *
 * Keys: the stream. Arguments: id of the last entry that was read, the bound.
 */
export const COUNT_UNREAD: Script = redisScript(`
local read, most = ARGV[1], tonumber(ARGV[2])
local found = #redis.call('XRANGE', KEYS[1], '(' .. read, '+', 'COUNT', most)
if found < most then
  return found
end
local function time(id)
  return tonumber(string.match(id, '^%d+'))
end
local all = redis.call('XLEN', KEYS[1])
local first = time(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1][1])
local last = time(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1])
local share = (last - math.max(first, time(read))) / math.max(1, last - first)
return math.min(all, math.max(found, math.ceil(all * share)))
`);

export const SCRIPTS: readonly Script[] = [
  ADD_ENTRIES,
  SETTLE_ENTRIES,
  PROBE_WRITING,
  CREATE_GROUP,
  KEEP_ENTRIES,
  TAKE_OWN_ENTRIES,
  LEAVE_GROUP,
  REMOVE_GONE_CONSUMERS,
  COUNT_UNREAD,
];

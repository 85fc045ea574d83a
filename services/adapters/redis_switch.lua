-- Puts prepared counts in the place of the present ones, at one moment.
--
-- KEYS: meta, one hash per kind of count, and as many prepared ones in the same order.
-- ARGV: ledger id, sequence, total, and the number of fields of each prepared hash.
-- Returns 1, or 0 when a prepared hash is not complete (then nothing has changed).

local kinds = (#KEYS - 1) / 2
for kind = 1, kinds do
  if redis.call('HLEN', KEYS[1 + kinds + kind]) ~= tonumber(ARGV[3 + kind]) then
    return 0
  end
end
redis.call('UNLINK', unpack(KEYS, 1, 1 + kinds))
for kind = 1, kinds do
  if ARGV[3 + kind] ~= '0' then
    redis.call('RENAME', KEYS[1 + kinds + kind], KEYS[1 + kind])
    redis.call('PERSIST', KEYS[1 + kind])
  end
end
redis.call('HSET', KEYS[1], 'ledger_id', ARGV[1], 'sequence', ARGV[2], 'total', ARGV[3])
return 1

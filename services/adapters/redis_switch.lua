-- Puts prepared counts in the place of the present ones, at one moment.
--
-- KEYS: meta, pairs, drugs, events, and the three prepared hashes.
-- ARGV: ledger id, sequence, total, and the number of fields of each prepared hash.
-- Returns 1, or 0 when a prepared hash is not complete (then nothing has changed).

for kind = 1, 3 do
  if redis.call('HLEN', KEYS[4 + kind]) ~= tonumber(ARGV[3 + kind]) then
    return 0
  end
end
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
for kind = 1, 3 do
  if ARGV[3 + kind] ~= '0' then
    redis.call('RENAME', KEYS[4 + kind], KEYS[1 + kind])
    redis.call('PERSIST', KEYS[1 + kind])
  end
end
redis.call('HSET', KEYS[1], 'ledger_id', ARGV[1], 'sequence', ARGV[2], 'total', ARGV[3])
return 1

-- Applies ledger entries to the hot counts, all of them or none.
--
-- KEYS: meta, and one hash per kind of count: pairs, drugs, events, unattributed.
-- ARGV[1]: ledger id.
-- ARGV[2]: JSON list of [sequence, total, changes per kind...], ascending;
--          changes are lists of [field, change], in the order of the hashes.
-- Returns {outcome, sequence}: "applied", "empty" (no counts yet), "mismatch" (of another ledger),
-- "gap" (the first new entry is not the next one) or "negative" (a count would fall below zero).
-- Anything but "applied" has changed nothing.

local kinds = #KEYS - 1
local meta = redis.call('HMGET', KEYS[1], 'ledger_id', 'sequence', 'total')
if not meta[1] then
  return {'empty', 0}
end
local sequence = tonumber(meta[2])
local total = tonumber(meta[3])
if meta[1] ~= ARGV[1] then
  return {'mismatch', sequence}
end

-- Sum up first: a count may go down in one entry and up in the next.
local applied = sequence
local changes = {}
for kind = 1, kinds do
  changes[kind] = {}
end
for _, entry in ipairs(cjson.decode(ARGV[2])) do
  if entry[1] > applied then
    if entry[1] ~= applied + 1 then
      return {'gap', sequence}
    end
    applied = entry[1]
    total = total + entry[2]
    for kind = 1, kinds do
      for _, change in ipairs(entry[2 + kind]) do
        changes[kind][change[1]] = (changes[kind][change[1]] or 0) + change[2]
      end
    end
  end
end

local results = {}
for kind = 1, kinds do
  results[kind] = {}
  for field, change in pairs(changes[kind]) do
    local value = tonumber(redis.call('HGET', KEYS[1 + kind], field) or '0') + change
    if value < 0 then
      return {'negative', sequence}
    end
    results[kind][field] = value
  end
end
if total < 0 then
  return {'negative', sequence}
end

for kind = 1, kinds do
  for field, value in pairs(results[kind]) do
    if value == 0 then
      redis.call('HDEL', KEYS[1 + kind], field)
    else
      redis.call('HSET', KEYS[1 + kind], field, string.format('%.0f', value))
    end
  end
end
redis.call('HSET', KEYS[1], 'sequence', string.format('%.0f', applied),
  'total', string.format('%.0f', total))
return {'applied', applied}

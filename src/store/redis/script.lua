-- The record and the lease of one account, in one hash without an expiry, so that nothing but the
-- eviction of everything can take it. KEYS[1] is the hash, ARGV[1] what to do. Every answer begins
-- with a word and the server's time. All is read before anything is written.
--
-- Any of these may be sent again after a lost answer: `take` by its owner's name, `save` by its
-- operation's.

local key, what = KEYS[1], ARGV[1]
local names = {'v', 'owner', 'fence', 'ends', 'length', 'clock', 'version', 'record', 'shared',
    'born', 'ops', 'doubt', 'line'}
local values = redis.call('HMGET', key, unpack(names))
local is = {}
for i, name in ipairs(names) do
    is[name] = values[i] or ''
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number)
    return string.format('%.0f', number)
end

-- A newer version of this library knows what this one does not.
if is.v ~= '' and is.v ~= '1' then
    return {'newer', now, is.v}
end
local function content(word, ...)
    return {word, now, is.version, is.record, is.shared, is.born, is.ops, is.doubt, is.line, ...}
end

if what == 'take' then
    local owner, length, clock, account = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
    if is.owner ~= '' and is.owner ~= owner then
        local ends, longest = tonumber(is.ends) or 0, tonumber(is.length) or length
        if is.clock ~= clock or ends > now + longest then
            -- By another server's clock, or by this one before it was set back: how much of the
            -- lease has passed is not known.
            ends = now + longest
            redis.call('HSET', key, 'ends', whole(ends), 'clock', clock)
        end
        if now < ends then
            return content('busy')
        end
    end
    if is.owner ~= owner then
        is.fence = whole((tonumber(is.fence) or 0) + 1)
        is.ends = whole(now + length)
        redis.call('HSET', key, 'v', '1', 'owner', owner, 'fence', is.fence, 'ends', is.ends,
            'length', length, 'clock', clock, 'account', account)
    end
    return content('taken', is.fence, is.ends, redis.call('INFO', 'memory'),
        redis.call('INFO', 'replication'))
end

-- One who was never told that it has the lease knows no fence, and may only release it.
local owner, fence = ARGV[2], ARGV[3]
local held = is.owner == owner and (is.fence == fence or what == 'release' and fence == '')

if what == 'save' then
    local version, op = ARGV[4], ARGV[5]
    if string.find(is.ops, op, 1, true) then
        -- Written again, so that replicas can be waited for on this connection.
        redis.call('HSET', key, 'ops', is.ops)
        return {'done', now}
    end
    -- One whose last save was not answered may follow it without knowing whether it was done.
    local last = ARGV[9] or ''
    local follows = is.version == version
        or last ~= '' and string.sub(is.ops, 1, #last) == last
    -- That the lease is over is no matter while nobody else took it: then nobody changed anything.
    if not held or not follows then
        return {'lost', now}
    end
    redis.call('HSET', key, 'record', ARGV[6], 'shared', ARGV[7], 'doubt', ARGV[8],
        'version', whole((tonumber(is.version) or 0) + 1),
        'born', is.born ~= '' and is.born or op,
        'ops', string.sub(op .. ',' .. is.ops, 1, 16 * (#op + 1)))
    return {'done', now}
end

-- release. HDEL is allowed even when the memory is full.
if held then
    -- Where the server's history is with all saves up to this version in it: for the witnesses of
    -- those who will look.
    local about = redis.call('INFO', 'replication')
    local id = string.match(about, 'master_replid:(%w+)') or ''
    local offset = string.match(about, 'master_repl_offset:(%d+)') or '0'
    redis.call('HDEL', key, 'owner', 'ends')
    redis.pcall('HSET', key, 'line', id .. ' ' .. offset .. ' ' .. is.version)
    if ARGV[4] == 'well' then
        redis.call('HDEL', key, 'doubt')
    end
    redis.call('PUBLISH', key, 'free')
end
return {'done', now}

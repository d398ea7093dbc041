-- Writes how many seconds VLC takes each of its films for, once it has played all
-- of them and ends what waits.
while pcall(vlc.misc.mwait, vlc.misc.mdate() + 3600000000) do end
local out = io.open(config.out, "w")
for _, film in ipairs(vlc.playlist.get("playlist", false).children) do
  out:write(film.duration, "\n")
end
out:close()

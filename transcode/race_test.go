//go:build race

package transcode_test

// kills is how many times ffmpeg is killed in a row. The race detector makes
// each start several times as long.
const kills = 200

//go:build !race

package transcode_test

// kills is how many times ffmpeg is killed in a row.
const kills = 1000

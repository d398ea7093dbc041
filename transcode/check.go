package transcode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// Oldest is the oldest ffmpeg whose command line is ours.
const Oldest = "5.1"

const oldestMajor, oldestMinor = 5, 1

// Check tries what is asked of ffmpeg, as Probe does, on the processor alone:
// the demuxers, decoders, encoders and muxers that JPEG and H.264 take. It
// gives nil, or why not in one line, with the program's version where it tells
// one. It takes a fifth of a second of the processor's time, twice
// probePatience at the most, and no longer than ctx, and nothing where the same file
// passed before.
func Check(ctx context.Context, program string) error {
	_, err := once(program, "all but H.265", func() (struct{}, error) { return struct{}{}, check(ctx, program) })
	return err
}

func check(ctx context.Context, program string) error {
	err := probe(ctx, program, HWNone)
	if err == nil || ctx.Err() != nil {
		return err
	}
	version, unknown := Version(ctx, program)
	switch {
	case unknown != nil:
		return oneLine{err}
	case isOld(version):
		return oneLine{fmt.Errorf("it is version %s, and takes %s or newer: %w", version, Oldest, err)}
	}
	return oneLine{fmt.Errorf("it is version %s: %w", version, err)}
}

// maxVersionLine bounds how much of what ffmpeg says of itself is read, in
// bytes.
const maxVersionLine = 1 << 10

var (
	versionLine = regexp.MustCompile(`^ffmpeg version ([!-~]+)`)
	release     = regexp.MustCompile(`^n?(\d{1,4})\.(\d{1,4})`) // N-110000-g1234567 is not a release
)

// Version asks ffmpeg which version it is, once where the file is the same. It takes
// twice probePatience at the most, and no longer than ctx.
func Version(ctx context.Context, program string) (string, error) {
	return once(program, "version", func() (string, error) { return version(ctx, program) })
}

func version(ctx context.Context, program string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	p, err := launched(ctx, program, []string{"-version"}, confinement{}, 0)
	if err != nil {
		return "", err
	}
	defer p.Close()
	line, err := bufio.NewReader(io.LimitReader(p.frames, maxVersionLine)).ReadString('\n')
	found := versionLine.FindStringSubmatch(line)
	if found == nil {
		return "", errors.Join(errors.New("it tells no version"), err)
	}
	return found[1], nil
}

// isOld says whether a version is a release before Oldest.
func isOld(version string) bool {
	numbers := release.FindStringSubmatch(version)
	if numbers == nil {
		return false
	}
	major, _ := strconv.Atoi(numbers[1]) // they are digits
	minor, _ := strconv.Atoi(numbers[2])
	return major < oldestMajor || major == oldestMajor && minor < oldestMinor
}

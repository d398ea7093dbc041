package transcode

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxPacket bounds a frame that ffmpeg makes, in bytes.
const maxPacket = 64 << 20

// readPart reads one part of ffmpeg's mpjpeg muxer: a boundary line, headers
// with the length, and the JPEG. This is for our own ffmpeg's output alone;
// what cameras send needs a far more forgiving reader.
func readPart(r *bufio.Reader) ([]byte, error) {
	length := 0
	for inHeaders := false; ; {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		switch {
		case line == "" && inHeaders:
			return readBody(r, length)
		case line != "":
			inHeaders = true
		}
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 1 || length > maxPacket {
				return nil, fmt.Errorf("part with length %q", value)
			}
		}
	}
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errors.New("part header without an end")
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

func readBody(r *bufio.Reader, length int) ([]byte, error) {
	if length == 0 {
		return nil, errors.New("part without a length")
	}
	b := make([]byte, length)
	_, err := io.ReadFull(r, b)
	return b, err
}

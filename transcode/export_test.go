package transcode

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// ReadFLV reads all packets of a file. The first one's time is 0.
func ReadFLV(b []byte) (packets []Packet, err error) {
	var f flvReader
	first := uint32(0)
	for r := bufio.NewReader(bytes.NewReader(b)); ; {
		p, at, err := f.read(r)
		if errors.Is(err, io.EOF) {
			return packets, nil
		}
		if err != nil {
			return nil, err
		}
		if len(packets) == 0 {
			first = at
		}
		p.PTS = time.Duration(at-first) * time.Millisecond
		packets = append(packets, p)
	}
}

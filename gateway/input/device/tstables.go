package device

import (
	"encoding/binary"
	"errors"
	"fmt"

	"framegate/gateway/media"
)

// Tables of a transport stream that say what is in it (ITU-T H.222.0, 2.4.4).
const (
	tablePAT = 0
	tablePMT = 2

	streamTypeH264 = 0x1B
	streamTypeH265 = 0x24
)

// otherStreams names what senders send by mistake instead of H.264 or H.265
// (table 2-34), for the error.
var otherStreams = map[byte]string{
	0x01: "MPEG-1 video", 0x02: "MPEG-2 video", 0x10: "MPEG-4 video", 0x21: "JPEG 2000",
	0x33: "H.266", 0x42: "AVS", 0xEA: "VC-1",
}

// section gathers one section of a table, of at most 1 KiB, out of packets.
type section struct {
	buf  []byte
	open bool // buf began where a section did
}

const maxSection = 1024

// add takes the payload of a packet and gives each section that is whole, has a
// right checksum and is valid now.
func (s *section) add(begins bool, payload []byte, take func(table []byte) error) error {
	if begins {
		if len(payload) == 0 || 1+int(payload[0]) > len(payload) {
			s.open = false
			return nil
		}
		next := payload[1+int(payload[0]):]
		if err := s.append(payload[1:len(payload)-len(next)], take); err != nil {
			return err
		}
		s.buf, s.open, payload = s.buf[:0], true, next
	}
	return s.append(payload, take)
}

// append adds to the section, and goes on with the one behind it.
func (s *section) append(b []byte, take func(table []byte) error) error {
	if !s.open {
		return nil
	}
	s.buf = append(s.buf, b...)
	for len(s.buf) >= 3 && s.buf[0] != 0xFF { // stuffing up to the end of the packet
		size := 3 + int(binary.BigEndian.Uint16(s.buf[1:])&0x0FFF)
		if size > maxSection {
			break
		}
		if len(s.buf) < size {
			return nil
		}
		table := s.buf[:size]
		if size >= 12 && table[5]&1 == 1 && checksum(table) == 0 { // current_next_indicator
			if err := take(table[:size-4]); err != nil {
				return err
			}
		}
		s.buf = s.buf[:copy(s.buf, s.buf[size:])]
	}
	if len(s.buf) >= 3 {
		s.open = false
	}
	return nil
}

// checksum is 0 over a section with its own (annex A).
func checksum(b []byte) uint32 {
	const polynomial = 0x04C11DB7
	sum := ^uint32(0)
	for _, v := range b {
		sum ^= uint32(v) << 24
		for range 8 {
			carry := sum >> 31
			sum = sum<<1 ^ carry*polynomial
		}
	}
	return sum
}

// readPAT takes the first program (2.4.4.3).
func (d *demuxer) readPAT(table []byte) error {
	if table[0] != tablePAT {
		return nil
	}
	for entry := table[8:]; len(entry) >= 4; entry = entry[4:] {
		if binary.BigEndian.Uint16(entry) == 0 {
			continue // where the network is described
		}
		if pid := pidOf(entry[2:]); pid != d.pmtPID {
			d.pmtPID, d.pmt = pid, section{}
			d.choose(0, 0)
		}
		return nil
	}
	return nil
}

// readPMT takes the first H.264 stream of the program (2.4.4.8), or else the
// first of H.265, which not every viewer can be given as it comes.
func (d *demuxer) readPMT(table []byte) error {
	if table[0] != tablePMT || len(table) < 12 {
		return nil
	}
	entry := table[min(len(table), 12+int(binary.BigEndian.Uint16(table[10:])&0x0FFF)):]
	if len(entry) < 5 {
		return nil // nothing in it yet
	}
	other, h264, h265 := "", uint16(0), uint16(0)
	sounds := false
	d.others = d.others[:0]
	for len(entry) >= 5 {
		kind, pid := entry[0], pidOf(entry[1:])
		end := min(len(entry), 5+int(binary.BigEndian.Uint16(entry[3:])&0x0FFF))
		if parse, name := soundOf(kind, entry[5:end]); parse != nil && !sounds {
			d.sound.open(pid, kind, parse)
			sounds = true
		} else if name != "" {
			d.others = append(d.others, name)
		}
		entry = entry[end:]
		switch {
		case kind == streamTypeH264 && h264 == 0:
			h264 = pid
		case kind == streamTypeH265 && h265 == 0:
			h265 = pid
		case otherStreams[kind] != "":
			other = otherStreams[kind]
		}
	}
	if !sounds {
		d.sound.open(0, 0, nil)
	}
	switch {
	case d.soundAlone && !sounds:
		return errOtherSound
	case d.soundAlone:
		return nil
	case h264 != 0:
		d.choose(h264, media.H264)
		return nil
	case h265 != 0:
		d.choose(h265, media.H265)
		return nil
	case other != "":
		return fmt.Errorf("the stream has neither H.264 nor H.265 video, but %s", other)
	}
	return errors.New("the stream has no video of H.264 or H.265")
}

// choose takes the video from this stream from now on.
func (d *demuxer) choose(pid uint16, codec media.Codec) {
	if pid != d.videoPID || codec != d.codec {
		d.videoPID, d.codec = pid, codec
		d.lose()
	}
}

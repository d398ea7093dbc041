package device

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"framegate/gateway/media"
)

// Stream types of sound (ITU-T H.222.0, table 2-34). Opus is private data, and said
// to be Opus by a descriptor (Encapsulation of Opus in MPEG-TS, 4).
const (
	streamTypeADTS    = 0x0F
	streamTypeLATM    = 0x11
	streamTypePrivate = 0x06
)

// otherSounds names what is left out, for the log.
var otherSounds = map[byte]string{0x03: "MPEG-1 audio", 0x04: "MPEG-2 audio", 0x81: "AC-3", 0x87: "E-AC-3", 0x8A: "DTS"}

// What bounds sound, in bytes and in frames of one PES packet.
const (
	maxSoundUnit   = 8 << 10
	maxSoundFrames = 256
)

// soundUnit is a frame of sound, with the stamp of when it is heard.
type soundUnit struct {
	stamp  uint64 // 90 kHz, modulo 1<<33
	format *media.Format
	data   []byte // the receiver's
}

// soundDemuxer takes the frames out of one stream of sound. Whatever is wrong with it
// costs sound alone, up to the next PES packet. It is not safe for concurrent use, and
// holds at most two frames.
type soundDemuxer struct {
	pid   uint16 // 0: there is none
	kind  byte   // its stream type
	parse func(s *soundDemuxer) (n, samples int, data []byte)

	counted bool // there was a packet before, with this counter
	counter byte
	buf     []byte // from the beginning of a frame on, as far as is known
	stamped int    // where in buf the frames of the newest PES packet begin; less than 0: it has begun
	stamp   uint64 // of the first of those
	at      uint64 // of the frame at the beginning of buf
	placed  bool   // at is known

	format *media.Format
	said   string // of what is in format: bytes that are the same as long as it is
	latm   *mpeg4audio.StreamMuxConfig
}

// open takes sound from this stream from now on.
func (s *soundDemuxer) open(pid uint16, kind byte, parse func(s *soundDemuxer) (int, int, []byte)) {
	if pid != s.pid || kind != s.kind {
		*s = soundDemuxer{pid: pid, kind: kind, parse: parse, stamped: -1}
	}
}

// lose gives up what was gathered.
func (s *soundDemuxer) lose() { s.buf, s.stamped, s.placed = s.buf[:0], -1, false }

// packet takes the payload of one packet of the stream, and gives the frames that
// are whole with it.
func (s *soundDemuxer) packet(counter byte, begins bool, payload []byte, take func(soundUnit)) {
	if s.counted && counter == s.counter {
		return // sent twice (2.4.3.3)
	}
	if s.counted && counter != (s.counter+1)&0x0F {
		s.lose()
	}
	s.counted, s.counter = true, counter
	if begins {
		head, ok := readPESHead(payload)
		if !ok {
			s.lose()
			return
		}
		if payload = payload[head.size:]; head.stamped {
			s.stamped, s.stamp = len(s.buf), head.stamp
		}
	}
	if len(s.buf)+len(payload) > 2*maxSoundUnit {
		s.lose()
		return
	}
	s.buf = append(s.buf, payload...)
	s.give(take)
}

// give gives the frames that are whole.
func (s *soundDemuxer) give(take func(soundUnit)) {
	for range maxSoundFrames {
		if s.stamped == 0 {
			s.at, s.placed, s.stamped = s.stamp, true, -1
		}
		n, samples, data := s.parse(s)
		if n == 0 {
			return // not whole yet
		}
		if data != nil && s.placed && s.format != nil {
			take(soundUnit{stamp: s.at, format: s.format, data: bytes.Clone(data)})
			s.at += uint64(samples) * ticksPerSecond / uint64(s.format.Rate)
		}
		s.buf = s.buf[:copy(s.buf, s.buf[n:])]
		if s.stamped > 0 {
			s.stamped = max(0, s.stamped-n)
		}
	}
}

// describe makes the format where what says it has become another.
func (s *soundDemuxer) describe(said string, format func() (*media.Format, error)) {
	if said == s.said {
		return
	}
	s.said = said
	s.format, _ = format() // nil, and left out, where it is none that can be used
}

// skipTo gives how many bytes to pass over up to the next b, which is not at the
// beginning.
func skipTo(b []byte, sync byte) int {
	if n := bytes.IndexByte(b[1:], sync); n >= 0 {
		return 1 + n
	}
	return len(b)
}

// syncWord is how a frame begins: with a byte, and bits of the next.
type syncWord struct{ first, mask, second byte }

// at says whether a frame may begin behind n bytes, as far as these are there. What a
// length in a frame says is believed if so.
func (s syncWord) at(b []byte, n int) bool {
	return (len(b) <= n || b[n] == s.first) && (len(b) <= n+1 || b[n+1]&s.mask == s.second)
}

var (
	syncADTS = syncWord{0xFF, 0xF6, 0xF0}
	syncLATM = syncWord{0x56, 0xE0, 0xE0}
	syncOpus = syncWord{0x7F, 0xE0, 0xE0}
)

// parseADTS takes a frame of ADTS: ISO/IEC 14496-3, 1.A.3.2.
func parseADTS(s *soundDemuxer) (n, samples int, data []byte) {
	const head = 7
	b := s.buf
	switch {
	case len(b) == 0:
		return 0, 0, nil
	case !syncADTS.at(b, 0):
		return skipTo(b, syncADTS.first), 0, nil
	case len(b) < head:
		return 0, 0, nil
	}
	size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
	from := head
	if b[1]&1 == 0 {
		from += 2 // a checksum
	}
	if size <= from || size > maxSoundUnit {
		return skipTo(b, syncADTS.first), 0, nil
	}
	switch {
	case len(b) < size:
		return 0, 0, nil
	case !syncADTS.at(b, size):
		return skipTo(b, syncADTS.first), 0, nil
	}
	s.describe(string([]byte{b[1] & 8, b[2], b[3] & 0xC0}), func() (*media.Format, error) {
		kind, rate, channels := b[2]>>6+1, b[2]>>2&15, b[2]&1<<2|b[3]>>6
		return media.AACFormat([]byte{kind<<3 | rate>>1, rate&1<<7 | channels<<3})
	})
	if blocks := b[6] & 3; blocks > 0 || s.format == nil {
		return size, 0, nil // several frames behind one header: nobody sends that
	}
	frame := media.Frame{Format: s.format, Data: b[from:size]}
	return size, frame.Samples(), frame.Data
}

// parseLATM takes an element of an AudioSyncStream with one frame: ISO/IEC 14496-3,
// 1.7.2.
func parseLATM(s *soundDemuxer) (n, samples int, data []byte) {
	const head = 3
	b := s.buf
	switch {
	case len(b) == 0:
		return 0, 0, nil
	case !syncLATM.at(b, 0):
		return skipTo(b, syncLATM.first), 0, nil
	case len(b) < head:
		return 0, 0, nil
	}
	size := head + int(binary.BigEndian.Uint16(b[1:])&0x1FFF)
	if size > maxSoundUnit {
		return skipTo(b, syncLATM.first), 0, nil
	}
	switch {
	case len(b) < size:
		return 0, 0, nil
	case !syncLATM.at(b, size):
		return skipTo(b, syncLATM.first), 0, nil
	}
	element := mpeg4audio.AudioMuxElement{MuxConfigPresent: true, StreamMuxConfig: s.latm}
	if element.Unmarshal(b[head:size]) != nil {
		return size, 0, nil
	}
	s.latm = element.StreamMuxConfig
	if len(s.latm.Programs) != 1 || len(s.latm.Programs[0].Layers) != 1 || len(element.Payloads) != 1 {
		return size, 0, nil
	}
	config := s.latm.Programs[0].Layers[0].AudioSpecificConfig
	if config == nil {
		return size, 0, nil
	}
	raw, err := config.Marshal()
	if err != nil {
		return size, 0, nil
	}
	s.describe(string(raw), func() (*media.Format, error) { return media.AACFormat(raw) })
	if s.format == nil {
		return size, 0, nil
	}
	frame := media.Frame{Format: s.format, Data: element.Payloads[0][0][0]}
	return size, frame.Samples(), frame.Data
}

// opusOf gives what takes packets of Opus in so many channels, behind their control
// headers: Encapsulation of Opus in MPEG-TS, 5.
func opusOf(channels int) func(*soundDemuxer) (n, samples int, data []byte) {
	return func(s *soundDemuxer) (n, samples int, data []byte) {
		b := s.buf
		switch {
		case len(b) == 0:
			return 0, 0, nil
		case !syncOpus.at(b, 0):
			return skipTo(b, syncOpus.first), 0, nil
		}
		from, size, ok := opusControl(b)
		if !ok {
			if len(b) > maxSoundUnit {
				return len(b), 0, nil
			}
			return 0, 0, nil
		}
		if size > maxSoundUnit {
			return skipTo(b, syncOpus.first), 0, nil
		}
		switch {
		case len(b) < from+size:
			return 0, 0, nil
		case !syncOpus.at(b, from+size):
			return skipTo(b, syncOpus.first), 0, nil
		}
		s.describe("Opus", func() (*media.Format, error) { return media.OpusFormat(channels) })
		if s.format == nil || size == 0 {
			return from + size, 0, nil
		}
		frame := media.Frame{Format: s.format, Data: b[from : from+size]}
		return from + size, frame.Samples(), frame.Data
	}
}

// opusControl reads a control header: where the packet behind it begins, and its
// size. ok is false where the header is not whole.
func opusControl(b []byte) (from, size int, ok bool) {
	const startTrim, endTrim, extension = 0x10, 0x08, 0x04
	if len(b) < 2 {
		return 0, 0, false
	}
	from = 2
	for from < len(b) && b[from] == 0xFF {
		size += 255
		from++
	}
	if from >= len(b) {
		return 0, 0, false
	}
	size += int(b[from])
	from++
	if b[1]&startTrim != 0 {
		from += 2
	}
	if b[1]&endTrim != 0 {
		from += 2
	}
	if b[1]&extension != 0 {
		if from >= len(b) {
			return 0, 0, false
		}
		from += 1 + int(b[from])
	}
	return from, size, true
}

// soundOf says what takes the frames of a stream that the program map describes so,
// or how what is left out is called; "" for what is no sound.
func soundOf(kind byte, descriptors []byte) (parse func(*soundDemuxer) (int, int, []byte), other string) {
	switch kind {
	case streamTypeADTS:
		return parseADTS, ""
	case streamTypeLATM:
		return parseLATM, ""
	case streamTypePrivate:
		return privateSound(descriptors)
	}
	return nil, otherSounds[kind]
}

// privateSound finds Opus by its descriptors (2.6.8; Encapsulation of Opus in
// MPEG-TS, 4), and names what else is known.
func privateSound(descriptors []byte) (parse func(*soundDemuxer) (int, int, []byte), other string) {
	const registration, extended, channelConfig = 0x05, 0x7F, 0x80
	opus, channels := false, 2
	for len(descriptors) >= 2 {
		tag, size := descriptors[0], int(descriptors[1])
		if 2+size > len(descriptors) {
			break
		}
		content := descriptors[2 : 2+size]
		descriptors = descriptors[2+size:]
		switch {
		case tag == registration && len(content) >= 4 && string(content[:4]) == "Opus":
			opus = true
		case tag == registration && len(content) >= 4 && (string(content[:4]) == "AC-3" || string(content[:4]) == "EAC3"):
			other = string(content[:4])
		case tag == extended && len(content) >= 2 && content[0] == channelConfig:
			channels = int(content[1])
		}
	}
	switch {
	case opus && channels > 2:
		return nil, fmt.Sprintf("Opus in %d channels", channels)
	case opus:
		return opusOf(max(channels, 1)), ""
	}
	return nil, other
}

// pesHead is the header of a PES packet (2.4.3.6).
type pesHead struct {
	size    int // of the header
	length  int // of what follows it; less than 0: it does not say
	stamped bool
	stamp   uint64 // its PTS, 90 kHz, modulo 1<<33
}

// readPESHead reads the header at the start of a transport packet's payload, into
// one of which all muxers put it whole.
func readPESHead(b []byte) (h pesHead, ok bool) {
	const lengthFrom, withStamp = 6, 14 // what PES_packet_length counts from; the header with a PTS
	if len(b) < 9 || b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]&0xC0 != 0x80 || 9+int(b[8]) > len(b) {
		return h, false
	}
	h.size, h.length = 9+int(b[8]), -1
	if length := int(binary.BigEndian.Uint16(b[4:])); length > 0 {
		h.length = max(0, lengthFrom+length-h.size)
	}
	if b[7]&0x80 != 0 && h.size >= withStamp {
		h.stamped, h.stamp = true, readStamp(b[9:])
	}
	return h, true
}

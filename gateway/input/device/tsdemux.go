package device

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"framegate/gateway/media"
)

// What a transport stream is refused for.
var (
	errNoSync    = errors.New("no MPEG transport stream: no packets in what is sent")
	errScrambled = errors.New("the video is scrambled")
	errTooLarge  = errors.New("a picture is larger than the limit")
	// errOtherSound is only of a stream that is to have sound alone.
	errOtherSound = errors.New("no sound that is taken as it is")
)

// demuxer takes the access units out of an MPEG transport stream (ITU-T H.222.0,
// the sections of which are cited): of the first program, the first stream of
// H.264, or else of H.265, one access unit to a PES packet, as every muxer at
// hand sends it; and the first stream of sound that is known.
//
// mediacommon's reader is not used here because it gives a PES packet only when
// the next one begins, which holds every picture back for one frame interval:
// muxers leave the length of video PES packets open (2.4.3.7). But they fill up
// the last transport packet of each with stuffing, which is found nowhere else,
// and so a unit is whole with that packet. Only one that fills its packets to
// the last byte, about 1 in 184, must wait for what follows. Where a sender
// turns out to stuff elsewhere, or to continue a unit in a PES packet without
// time stamp, the units of the whole connection wait for their successors.
//
// It is not safe for concurrent use. It holds at most maxUnit bytes of a unit,
// two sections of 1 KiB, and what was fed and is less than two packets.
type demuxer struct {
	maxUnit int // bytes
	buf     []byte
	steady  int // packets since sync was found; 0 while there is none
	skipped int // bytes passed over since there were steady packets

	pat, pmt         section
	pmtPID, videoPID uint16 // 0: not known
	codec            media.Codec
	sound            soundDemuxer
	heard            func(soundUnit) // is given the sound; nil leaves it out
	soundAlone       bool            // there is no video, and need not be any
	others           []string        // sounds that are left out

	counted bool   // there was a packet before, with this counter and payload
	counter byte   // continuity_counter (2.4.3.3)
	last    []byte // payload
	state   unitState
	data    []byte // of the unit being gathered, or of the last one
	pts     uint64
	left    int  // bytes that the PES packet is still to bring; less than 0: it does not say
	waits   bool // the end of a unit shows only by the start of the next
	lost    bool // something was lost since the last unit
}

// unitState says where in a unit the demuxer is.
type unitState int

const (
	between   unitState = iota // nothing that could be continued
	gathering                  // a unit whose end has not come
	given                      // a unit that was given, since its end came
)

// unit is the payload of one PES packet.
type unit struct {
	pts   uint64 // 90 kHz, modulo 1<<33
	lost  bool   // something was lost between this unit and the one before
	codec media.Codec
	data  []byte // with start codes (Annex B), until take returns
}

const (
	packetSize    = 188
	syncByte      = 0x47
	steadyPackets = 8 // in a row are no coincidence
	maxSkipped    = 64 << 10
)

// feed takes what came in and gives each access unit as soon as it is whole.
// An error, also one of take, is for good.
func (d *demuxer) feed(b []byte, take func(unit) error) error {
	d.buf = append(d.buf, b...)
	rest := d.buf
	for len(rest) > packetSize || d.steady > 0 && len(rest) == packetSize {
		if rest[0] != syncByte || d.steady == 0 && rest[packetSize] != syncByte {
			rest = rest[d.skip(rest):]
			if d.skipped > maxSkipped {
				return errNoSync
			}
			continue
		}
		if d.steady++; d.steady >= steadyPackets {
			d.skipped = 0
		}
		if err := d.packet(rest[:packetSize], take); err != nil {
			return err
		}
		rest = rest[packetSize:]
	}
	d.buf = d.buf[:copy(d.buf, rest)]
	return nil
}

// skip notes that b does not begin with a packet, and gives how many bytes to
// pass over.
func (d *demuxer) skip(b []byte) int {
	d.steady = 0
	d.lose()
	n := 1 + bytes.IndexByte(b[1:], syncByte)
	if n == 0 {
		n = len(b)
	}
	d.skipped += n
	return n
}

// lose gives up the unit being gathered.
func (d *demuxer) lose() {
	d.state, d.lost, d.counted = between, true, false
	d.data = d.data[:0]
}

// packet takes one transport packet (2.4.3.2).
func (d *demuxer) packet(p []byte, take func(unit) error) error {
	const damaged, start, payloadThere, scrambled = 0x80, 0x40, 0x10, 0xC0
	if p[1]&damaged != 0 || p[3]&payloadThere == 0 {
		return nil // the counter will tell what is missing; it counts payloads alone
	}
	payload, stuffed, ok := splitPacket(p)
	if !ok {
		return nil
	}
	begins := p[1]&start != 0
	switch pid := pidOf(p[1:]); {
	case pid == 0:
		return d.pat.add(begins, payload, d.readPAT)
	case pid == d.pmtPID:
		return d.pmt.add(begins, payload, d.readPMT)
	case pid == d.sound.pid && d.heard != nil && pid != 0 && pid != d.videoPID:
		if p[3]&scrambled == 0 {
			d.sound.packet(p[3]&0x0F, begins, payload, d.heard)
		}
	case pid != d.videoPID:
	case p[3]&scrambled != 0:
		return errScrambled
	default:
		return d.video(p[3]&0x0F, begins, stuffed, payload, take)
	}
	return nil
}

// splitPacket gives the payload of a packet, and whether its adaptation field
// (2.4.3.4) has stuffing.
func splitPacket(p []byte) (payload []byte, stuffed, ok bool) {
	const adaptationField = 0x20
	payload = p[4:]
	if p[3]&adaptationField == 0 {
		return payload, false, true
	}
	end := 1 + int(payload[0])
	if end > len(payload) {
		return nil, false, false
	}
	return payload[end:], hasStuffing(payload[1:end]), true
}

// hasStuffing says whether an adaptation field is longer than what it carries.
func hasStuffing(field []byte) bool {
	if len(field) == 0 || field[0] == 0 {
		return true
	}
	need := 1
	for _, part := range []struct {
		flag  byte
		bytes int // 0: its first byte says how many follow
	}{{0x10, 6}, {0x08, 6}, {0x04, 1}, {0x02, 0}, {0x01, 0}} { // PCR, OPCR, splice countdown, private data, extension
		switch {
		case field[0]&part.flag == 0:
		case part.bytes > 0:
			need += part.bytes
		case need < len(field):
			need += 1 + int(field[need])
		}
	}
	return len(field) > need
}

// video takes the payload of one packet of the video.
func (d *demuxer) video(counter byte, begins, stuffed bool, payload []byte, take func(unit) error) error {
	if d.counted && counter == d.counter && bytes.Equal(payload, d.last) {
		return nil // a packet may be sent twice (2.4.3.3)
	}
	if d.counted && counter != (d.counter+1)&0x0F {
		d.lose()
	}
	d.counted, d.counter, d.last = true, counter, append(d.last[:0], payload...)
	if begins {
		rest, err := d.begin(payload, take)
		if err != nil {
			return err
		}
		payload = rest
	}
	switch {
	case d.state == given && d.left < 0 && len(payload) > 0:
		d.waits = true // it had not been whole
		d.lose()
		return nil
	case d.state != gathering:
		return nil
	}
	return d.gather(payload, stuffed, take)
}

// gather adds to the unit, and gives it if that was its end.
func (d *demuxer) gather(payload []byte, stuffed bool, take func(unit) error) error {
	if d.left >= 0 {
		payload = payload[:min(len(payload), d.left)]
		d.left -= len(payload)
		stuffed = false // the length says it better
	}
	if len(d.data)+len(payload) > d.maxUnit {
		return fmt.Errorf("%w of %d bytes", errTooLarge, d.maxUnit)
	}
	d.data = append(d.data, payload...)
	if d.waits || d.left != 0 && !stuffed {
		return nil
	}
	return d.give(take)
}

// give gives the unit that was gathered.
func (d *demuxer) give(take func(unit) error) error {
	u := unit{pts: d.pts, lost: d.lost, codec: d.codec, data: d.data}
	d.state, d.lost = given, false
	return take(u)
}

// begin begins a PES packet, and gives what of the payload follows its header.
func (d *demuxer) begin(b []byte, take func(unit) error) ([]byte, error) {
	head, ok := readPESHead(b)
	if !ok {
		d.lose()
		return nil, nil
	}
	if !head.stamped { // the unit before goes on
		if d.state == given {
			d.waits = true
			d.lose()
		}
	} else {
		if d.state == gathering {
			if err := d.give(take); err != nil {
				return nil, err
			}
		}
		d.state, d.data, d.pts = gathering, d.data[:0], head.stamp
	}
	d.left = head.length
	return b[head.size:], nil
}

// readStamp reads the 33 bits of a time stamp out of its 5 bytes.
func readStamp(b []byte) uint64 {
	return uint64(b[0]>>1&0x07)<<30 | uint64(binary.BigEndian.Uint16(b[1:])>>1)<<15 | uint64(binary.BigEndian.Uint16(b[3:])>>1)
}

// pidOf reads the 13 bits of a packet identifier.
func pidOf(b []byte) uint16 { return binary.BigEndian.Uint16(b) & 0x1FFF }

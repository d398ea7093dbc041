// Package rtppack is what all outputs of RTP have in common: pictures are cut into what
// packets carry, and the packets of a track have numbers, times and reports (RFC 3550).
//
// It sends nothing and knows no viewer. Where packets go, and what stands around them, is
// said by output/rtspserver and output/whep.
package rtppack

import (
	"encoding/binary"

	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

// Cutter cuts a picture of H.264 or H.265 into the payloads of its packets: a NAL unit
// in each, or a part of one, with the parameter sets in front of a keyframe. It copies
// and allocates nothing.
//
//	for c := rtppack.Cut(f, most); c.Next(); {
//		head, body := c.Payload()
//		…
//	}
type Cutter struct {
	most int // bytes of a payload
	h265 bool

	sets [3][][]byte // that are to come
	data []byte      // likewise
	unit []byte      // the next one; nil: there is none
	rest []byte      // of the one that is cut

	head  [h265.HeaderSize + 1]byte
	heads int    // bytes of it
	body  []byte // of the payload
}

// Cut gives the cutter of a frame, whose payloads have most bytes at the most. The frame
// must be one of H.264 or H.265.
func Cut(f *media.Frame, most int) Cutter {
	c := Cutter{most: most, h265: f.Format.Codec == media.H265, data: f.Data}
	if f.Key {
		c.sets[0], c.sets[1], c.sets[2] = f.Format.ParameterSets()
	}
	c.unit = c.following()
	return c
}

// following gives the NAL unit behind those that it gave; nil is the end.
func (c *Cutter) following() []byte {
	for i := range c.sets {
		for len(c.sets[i]) > 0 {
			unit := c.sets[i][0]
			if c.sets[i] = c.sets[i][1:]; len(unit) > 0 {
				return unit
			}
		}
	}
	for len(c.data) > 4 {
		n := min(int(binary.BigEndian.Uint32(c.data)), len(c.data)-4)
		unit := c.data[4 : 4+n]
		if c.data = c.data[4+n:]; n > 0 {
			return unit
		}
	}
	return nil
}

// Next goes on to the next payload, and says whether there is one.
func (c *Cutter) Next() bool {
	if len(c.rest) == 0 {
		unit := c.unit
		if unit == nil {
			return false
		}
		c.unit = c.following()
		if len(unit) <= c.most {
			c.heads, c.body = 0, unit
			return true
		}
		c.begin(unit)
	} else {
		c.head[c.heads-1] &^= firstPart
	}
	n := min(len(c.rest), c.most-c.heads)
	c.body, c.rest = c.rest[:n], c.rest[n:]
	if len(c.rest) == 0 {
		c.head[c.heads-1] |= lastPart
	}
	return true
}

// What the last byte before a part says of it, above the type of the unit.
const (
	firstPart = 0x80
	lastPart  = 0x40
)

// begin begins to cut a unit: as FU-A (RFC 6184, 5.8), or into fragments (RFC 7798,
// 4.4.3).
func (c *Cutter) begin(unit []byte) {
	const (
		fuA      = 28
		fragment = 49
	)
	if c.h265 {
		c.head = [len(c.head)]byte{unit[0]&^0x7E | fragment<<1, unit[1], firstPart | h265.Type(unit)}
		c.heads, c.rest = 3, unit[h265.HeaderSize:]
		return
	}
	c.head = [len(c.head)]byte{unit[0]&^0x1F | fuA, firstPart | h264.Type(unit)}
	c.heads, c.rest = 2, unit[1:]
}

// Payload gives the payload: body behind head, which holds until the next call of Next.
func (c *Cutter) Payload() (head, body []byte) { return c.head[:c.heads], c.body }

// Last says that the payload is the picture's last, whose packet is marked.
func (c *Cutter) Last() bool { return c.unit == nil && len(c.rest) == 0 }

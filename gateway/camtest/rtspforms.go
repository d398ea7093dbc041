package camtest

import (
	"math/rand/v2"
	"slices"

	"github.com/pion/rtp"
)

// Pictures are the packets of a stream, by pictures.
type Pictures [][]*rtp.Packet

// Marked are ways of cameras to mark and time their packets, other than RFC
// 6184 and 3550 want it: with a marker on the last packet of each picture, and
// one timestamp for all of its packets. Each changes the packets it is given,
// of pictures 1/30 s apart. Where pictures have slices, they come in packets of
// their own.
var Marked = map[string]func(Pictures){
	"every packet marked": func(pictures Pictures) {
		for _, p := range slices.Concat(pictures...) {
			p.Marker = true
		}
	},
	"every slice marked": func(pictures Pictures) {
		for _, p := range slices.Concat(pictures...) {
			p.Marker = p.Marker || endsUnit(p.Payload)
		}
	},
	"every slice marked, but not the last": func(pictures Pictures) {
		for _, picture := range pictures {
			for i, p := range picture {
				p.Marker = endsUnit(p.Payload) && i < len(picture)-1
			}
		}
	},
	"the first packet marked": func(pictures Pictures) {
		for _, picture := range pictures {
			for i, p := range picture {
				p.Marker = i == 0
			}
		}
	},
	"nothing marked": func(pictures Pictures) {
		for _, p := range slices.Concat(pictures...) {
			p.Marker = false
		}
	},
	"a timestamp for every packet": func(pictures Pictures) {
		for _, picture := range pictures {
			for i, p := range picture {
				p.Timestamp += uint32(i)
			}
		}
	},
	"a timestamp for every packet, and nothing marked": func(pictures Pictures) {
		for _, picture := range pictures {
			for i, p := range picture {
				p.Timestamp, p.Marker = p.Timestamp+uint32(i), false
			}
		}
	},
	"one timestamp for two pictures": func(pictures Pictures) {
		for i, picture := range pictures {
			for _, p := range picture {
				p.Timestamp -= uint32(i%2) * 3000
			}
		}
	},
	"one timestamp for two pictures, the second marked": func(pictures Pictures) {
		for i, picture := range pictures {
			for _, p := range picture {
				p.Timestamp -= uint32(i%2) * 3000
				p.Marker = p.Marker && i%2 == 1
			}
		}
	},
	"one timestamp for all, and nothing marked": func(pictures Pictures) {
		for _, p := range slices.Concat(pictures...) {
			p.Timestamp, p.Marker = 1, false
		}
	},
}

// endsUnit says whether a packet ends a NAL unit, of H.264 (RFC 6184, 5.8) or of
// H.265 (RFC 7798, 4.4.3): what begins as a piece in one is nothing that encoders
// give in the other.
func endsUnit(payload []byte) bool {
	switch {
	case len(payload) < 3:
		return true
	case payload[0]&0x1F == 28:
		return payload[1]&0x40 != 0
	case payload[0]>>1&0x3F == 49:
		return payload[2]&0x40 != 0
	}
	return true
}

// Counted are ways of cameras to count and name their packets, other than RFC
// 3550 wants it. Strays are packets that are not the camera's at all.
var Counted = map[string]func(Pictures) Pictures{
	"another source with each keyframe": func(pictures Pictures) Pictures {
		return fromKeyframes(pictures, func(n int, p *rtp.Packet) { p.SSRC += uint32(n); p.SequenceNumber += uint16(n * 20011) })
	},
	"another source and another clock with each keyframe": func(pictures Pictures) Pictures {
		return fromKeyframes(pictures, func(n int, p *rtp.Packet) {
			p.SSRC, p.SequenceNumber, p.Timestamp = uint32(n), p.SequenceNumber+uint16(n*777), p.Timestamp+uint32(n)*0x12345678
		})
	},
	"another source that counts on, with each picture": func(pictures Pictures) Pictures {
		for i, picture := range pictures {
			for _, p := range picture {
				p.SSRC = uint32(i)
			}
		}
		return pictures
	},
	"numbers from 0 with each keyframe": func(pictures Pictures) Pictures {
		var count uint16
		last := -1
		return fromKeyframes(pictures, func(n int, p *rtp.Packet) {
			if n != last {
				last, count = n, 0
			}
			p.SequenceNumber = count
			count++
		})
	},
	"numbers that leap with each keyframe": func(pictures Pictures) Pictures {
		return fromKeyframes(pictures, func(n int, p *rtp.Packet) { p.SequenceNumber += uint16(n * 9999) })
	},
	"a stray of another source after each picture": func(pictures Pictures) Pictures {
		return withStrays(pictures, func(p *rtp.Packet) { p.SSRC++ })
	},
	"a stray of another count after each picture": func(pictures Pictures) Pictures {
		random := rand.New(rand.NewPCG(1, 2))
		return withStrays(pictures, func(p *rtp.Packet) {
			p.SequenceNumber += 5000 + uint16(random.IntN(30000))
			p.SSRC += 7
		})
	},
}

// fromKeyframes changes packets; n counts the keyframes, of which every tenth
// picture is one.
func fromKeyframes(pictures Pictures, change func(n int, p *rtp.Packet)) Pictures {
	for i, picture := range pictures {
		for _, p := range picture {
			change(i/10, p)
		}
	}
	return pictures
}

// withStrays puts a packet of nothing, changed so, behind each picture.
func withStrays(pictures Pictures, change func(*rtp.Packet)) Pictures {
	for i, picture := range pictures {
		stray := picture[len(picture)-1].Clone()
		stray.SequenceNumber++
		stray.Payload = []byte{0x41, 0xFF, 0xFF, 0xFF}
		change(stray)
		pictures[i] = append(slices.Clone(picture), stray)
	}
	return pictures
}

// CountedOverTCP are such as make sense only where packets stay in order.
var CountedOverTCP = map[string]func(Pictures) Pictures{
	"all numbers 0": func(pictures Pictures) Pictures {
		for _, p := range slices.Concat(pictures...) {
			p.SequenceNumber = 0
		}
		return pictures
	},
	"numbers from 0 with each picture": func(pictures Pictures) Pictures {
		for _, picture := range pictures {
			for i, p := range picture {
				p.SequenceNumber = uint16(i)
			}
		}
		return pictures
	},
	"numbers that go backwards": func(pictures Pictures) Pictures {
		for i, p := range slices.Concat(pictures...) {
			p.SequenceNumber = uint16(-i)
		}
		return pictures
	},
	"each packet twice": func(pictures Pictures) Pictures {
		for i, picture := range pictures {
			var twice []*rtp.Packet
			for _, p := range picture {
				twice = append(twice, p, p)
			}
			pictures[i] = twice
		}
		return pictures
	},
}

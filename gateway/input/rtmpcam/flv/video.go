package flv

import (
	"encoding/binary"
	"fmt"

	"framegate/gateway/media"
)

// packetKind says what a packet of pictures or sound is for.
type packetKind uint8

// The kinds that matter; the rest says nothing that is needed here.
const (
	packetOther packetKind = iota
	packetConfig
	packetFrame
)

// videoPacket is one of pictures.
type videoPacket struct {
	codec media.Codec // 0: of another, which other names
	other string
	kind  packetKind
	shift int32 // from when it is decoded to when it is shown, in ms
	data  []byte
}

// Packet types of Enhanced RTMP (v2), of pictures and of sound.
const (
	exConfig     = 0
	exFrames     = 1
	exEnd        = 2
	exFramesX    = 3 // of pictures, shown when they are decoded
	exMultitrack = 6 // of pictures
	exSoundMulti = 5 // the same of sound
	exModifier   = 7
)

// commandFrame is the type of a frame that is none.
const commandFrame = 5

// oldCodecs are those of FLV (E.4.3.1), but 12, with which many sent H.265 before there
// was another way.
var oldCodecs = map[byte]media.Codec{7: media.H264, 12: media.H265}

// otherCodecs names what is not taken.
var otherCodecs = map[byte]string{2: "Sorenson H.263", 3: "screen video", 4: "VP6", 5: "VP6", 6: "screen video"}

// readVideo reads the packets of a message or tag, and gives those of the first track.
// What ends too soon is passed over.
func readVideo(b []byte, give func(videoPacket) error) error {
	if len(b) == 0 || b[0]>>4&7 == commandFrame {
		return nil
	}
	if b[0]&0x80 != 0 {
		return readExtended(b[0]&0x0F, b[1:], exMultitrack, func(t track) error {
			return give(exVideo(t))
		})
	}
	p := videoPacket{codec: oldCodecs[b[0]&0x0F]}
	if p.codec == 0 {
		if p.other = otherCodecs[b[0]&0x0F]; p.other == "" {
			p.other = fmt.Sprintf("codec %d of FLV", b[0]&0x0F)
		}
		return give(p)
	}
	if len(b) < 5 {
		return nil
	}
	p.kind, p.shift, p.data = map[byte]packetKind{0: packetConfig, 1: packetFrame}[b[1]], int24(b[2:]), b[5:]
	return give(p)
}

// exVideo gives the packet of a track.
func exVideo(t track) videoPacket {
	p := videoPacket{other: t.codec, data: t.data, codec: map[string]media.Codec{"avc1": media.H264, "hvc1": media.H265}[t.codec]}
	switch {
	case t.kind == exConfig:
		p.kind = packetConfig
	case t.kind == exFramesX:
		p.kind = packetFrame
	case t.kind == exFrames && len(p.data) >= 3:
		p.kind, p.shift, p.data = packetFrame, int24(p.data), p.data[3:]
	}
	return p
}

// track is a packet of one in Enhanced RTMP.
type track struct {
	kind  byte
	codec string // its four characters
	data  []byte
}

// readExtended gives the packet of track 0 in what follows the first byte of a message,
// which said that it is of this kind; multi is the kind of several.
func readExtended(kind byte, b []byte, multi byte, give func(track) error) error {
	for kind == exModifier {
		var ok bool
		if kind, b, ok = passModifier(b); !ok {
			return nil
		}
	}
	if kind != multi {
		if len(b) < 4 {
			return nil
		}
		return give(track{kind, fourCC(b), b[4:]})
	}
	if len(b) == 0 {
		return nil
	}
	const one, many, manyCodecs = 0, 1, 2
	ways, kind := b[0]>>4, b[0]&0x0F
	b = b[1:]
	codec := ""
	if ways != manyCodecs {
		if len(b) < 4 {
			return nil
		}
		codec, b = fourCC(b), b[4:]
	}
	for len(b) > 0 {
		if ways == manyCodecs {
			if len(b) < 4 {
				return nil
			}
			codec, b = fourCC(b), b[4:]
		}
		if len(b) == 0 {
			return nil
		}
		number, size := b[0], len(b)-1
		b = b[1:]
		if ways != one {
			if len(b) < 3 {
				return nil
			}
			size, b = int(uint24(b)), b[3:]
		}
		if size > len(b) {
			return nil
		}
		if number == 0 {
			return give(track{kind, codec, b[:size]})
		}
		b = b[size:]
	}
	return nil
}

// passModifier passes over what changes a packet, of which there is only a time finer
// than is needed, and gives the kind of the packet.
func passModifier(b []byte) (kind byte, rest []byte, ok bool) {
	if len(b) < 1 {
		return 0, nil, false
	}
	size := int(b[0]) + 1
	if b = b[1:]; size == 256 {
		if len(b) < 2 {
			return 0, nil, false
		}
		size, b = int(binary.BigEndian.Uint16(b))+1, b[2:]
	}
	if len(b) < size+1 {
		return 0, nil, false
	}
	return b[size] & 0x0F, b[size+1:], true
}

// fourCC gives four characters, as far as they can be shown.
func fourCC(b []byte) string {
	var text [4]byte
	for i := range text {
		if text[i] = b[i]; b[i] < ' ' || b[i] > '~' {
			text[i] = '?'
		}
	}
	return string(text[:])
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

// int24 reads a number with a sign.
func int24(b []byte) int32 { return int32(uint24(b)<<8) >> 8 }

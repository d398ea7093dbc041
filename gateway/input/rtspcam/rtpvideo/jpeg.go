package rtpvideo

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtptrack"
	"framegate/gateway/media"
)

// Parts of a packet with a piece of a JPEG (RFC 2435, 3.1), in bytes.
const (
	mainHeader    = 8
	restartHeader = 4
	tablesHeader  = 4
)

// Profiles of the RTP header extension in which ONVIF cameras send what the
// main header has no room for (ONVIF Streaming Specification, "JPEG over RTP").
const (
	onvifJPEG    = 0xFFD8
	onvifPadding = 0xFFFF
)

var (
	errJPEGSize = errors.New("RTP/JPEG without the picture's size: it is over 2040 pixels, and the camera does not tell it")
	errJPEGType = errors.New("kind of RTP/JPEG that is not supported")
)

// jpegAssembler makes frames of RTP packets with pieces of JPEGs (RFC 2435):
// types 0, 1, 64 and 65, all values of Q. The packets carry only the scan; its
// headers are made anew.
type jpegAssembler struct {
	largest       budget
	width, height int               // announced, for pictures over 2040 pixels; 0 if not
	tables        [256]*quantTables // by Q, from 128 on, as the camera sent them once
	format        *media.Format
	markers       *Markers

	// The picture under way, and while none is the last one.
	begun  bool // with its first piece, and nothing is missing since
	ended  bool // its marker came: it was shown, or will soon be
	pieces int
	at     rtptrack.Moment
	head   jpegHead
	scan   []byte
}

// jpegHead is what the headers of a picture will say.
type jpegHead struct {
	kind          byte // type: 0 is 4:2:2, 1 is 4:2:0; plus 64 with restarts
	width, height int  // pixels
	restart       int  // interval, in MCUs; 0 for none
	quant         *quantTables
}

// piece is what the headers of one packet say.
type piece struct {
	jpegHead
	offset int
	q      byte
	data   []byte
}

// add takes a packet. A picture begins with its first piece, whatever the
// timestamps; that it is whole is said by its marker, if those hold (Markers),
// or else by the next one.
func (a *jpegAssembler) add(packet *rtp.Packet, at rtptrack.Moment, lost bool, show func(media.Frame, rtptrack.Moment)) error {
	if lost {
		if err := a.flush(show); err != nil {
			return err
		}
		a.begun, a.ended = false, false
	}
	p, ok := parsePiece(packet.Payload)
	switch {
	case !ok:
		a.begun = false
	case p.offset == 0:
		if err := a.next(packet, p, at, show); err != nil {
			return err
		}
	default:
		a.goOn(p)
	}
	a.at.Arrived = at.Arrived
	if packet.Marker && a.begun && a.markers.ends(&a.ended) {
		return a.finish(show)
	}
	return nil
}

// flush shows a picture that was kept back to see whether it goes on.
func (a *jpegAssembler) flush(show func(media.Frame, rtptrack.Moment)) error {
	if !a.ended {
		return nil
	}
	return a.finish(show)
}

// next ends the picture under way and begins another with its first piece.
func (a *jpegAssembler) next(packet *rtp.Packet, p piece, at rtptrack.Moment, show func(media.Frame, rtptrack.Moment)) error {
	if a.ended {
		a.markers.held(a.pieces > 1)
	}
	if err := a.finish(show); err != nil {
		return err
	}
	if err := a.begin(packet, p); err != nil {
		return err
	}
	a.at, a.ended, a.pieces = at, false, 0
	if p.q >= 128 {
		p.data = a.quantize(p)
	}
	a.keep(p)
	return nil
}

// goOn takes a further piece of the picture under way.
func (a *jpegAssembler) goOn(p piece) {
	if a.ended && p.offset == len(a.scan) {
		a.markers.lied()
		a.ended = false
	}
	a.keep(p)
}

// keep adds what a packet carries to the picture under way, or gives that up
// where they do not fit.
func (a *jpegAssembler) keep(p piece) {
	if !a.begun || p.offset != len(a.scan) || a.largest.exceeded(len(a.scan)+len(p.data)) {
		a.begun = false
		return
	}
	a.scan = append(a.scan, p.data...)
	a.pieces++
}

// parsePiece reads the headers of a packet, up to that of the tables, which
// only first pieces have.
func parsePiece(b []byte) (p piece, ok bool) {
	if len(b) < mainHeader {
		return piece{}, false
	}
	p.offset = int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	p.kind, p.q = b[4], b[5]
	p.width, p.height = 8*int(b[6]), 8*int(b[7])
	p.data = b[mainHeader:]
	if p.kind < 64 || p.kind > 127 {
		return p, true
	}
	if len(p.data) < restartHeader {
		return piece{}, false
	}
	p.restart = int(binary.BigEndian.Uint16(p.data))
	p.data = p.data[restartHeader:]
	return p, true
}

// begin starts a picture with its first piece.
func (a *jpegAssembler) begin(packet *rtp.Packet, p piece) error {
	if p.kind&^64 > 1 {
		return fmt.Errorf("%w: type %d", errJPEGType, p.kind)
	}
	if w, h, ok := realSize(packet); ok {
		p.width, p.height = w, h
	} else if p.width == 0 || p.height == 0 {
		p.width, p.height = a.width, a.height
	}
	if p.width == 0 || p.height == 0 {
		return errJPEGSize
	}
	if p.q < 128 {
		p.quant = scaledTables(p.q)
	}
	a.begun, a.head, a.scan = true, p.jpegHead, a.scan[:0]
	return nil
}

// quantize reads the quantization tables at the start of a first piece, or
// takes those that came with the same Q before. It gives what follows them.
func (a *jpegAssembler) quantize(p piece) []byte {
	a.begun = false
	if len(p.data) < tablesHeader {
		return nil
	}
	precision, size := p.data[1], int(binary.BigEndian.Uint16(p.data[2:]))
	data := p.data[tablesHeader:]
	if size > len(data) {
		return nil
	}
	tables := a.tables[p.q]
	if size > 0 {
		tables = parseTables(data[:size], precision)
	}
	if tables == nil {
		return nil
	}
	if p.q != 255 {
		a.tables[p.q] = tables
	}
	a.begun, a.head.quant = true, tables
	return data[size:]
}

// realSize reads the size of a picture out of the header extension of ONVIF
// cameras, which holds segments of a JPEG.
func realSize(packet *rtp.Packet) (width, height int, ok bool) {
	if !packet.Extension || packet.ExtensionProfile != onvifJPEG && packet.ExtensionProfile != onvifPadding {
		return 0, 0, false
	}
	b := packet.GetExtension(0)
	for len(b) >= 9 {
		switch {
		case b[0] != 0xFF || b[1] == 0xFF: // padding
			b = b[1:]
		case b[1] == soi:
			b = b[2:]
		case b[1] >= 0xC0 && b[1] <= 0xC2: // SOF
			return int(binary.BigEndian.Uint16(b[7:])), int(binary.BigEndian.Uint16(b[5:])), true
		default:
			b = b[min(len(b), 2+int(binary.BigEndian.Uint16(b[2:]))):]
		}
	}
	return 0, 0, false
}

// finish ends the picture under way and shows it, if it is whole.
func (a *jpegAssembler) finish(show func(media.Frame, rtptrack.Moment)) error {
	if !a.begun {
		return nil
	}
	a.begun = false
	if len(a.scan) == 0 {
		return nil
	}
	frame, err := media.JPEGFrame(a.head.jpeg(a.scan), a.format)
	switch {
	case errors.Is(err, media.ErrTooManyPixels), errors.Is(err, media.ErrUnshowable):
		return err
	case err != nil:
		return nil // damaged on its way
	}
	a.format = frame.Format
	show(frame, a.at)
	return nil
}

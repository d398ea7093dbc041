package transcode

import (
	"encoding/binary"

	"framegate/transcode/h264"
	"framegate/transcode/h265"
	"framegate/transcode/nal"
)

// order knows in which order the pictures of a stream are shown, and which
// labels the last of them have.
type order struct {
	pictures pictures
	lead     int64                      // milliseconds: see room
	newest   [rememberedPlaces]labelled // a ring
	written  int
}

// pictures reads what the NAL units of a codec tell of the order in which
// pictures are shown.
type pictures interface {
	// learn takes a parameter set; another NAL unit changes nothing.
	learn(nalu []byte)
	// shows says whether a NAL unit is a part of a picture.
	shows(nalu []byte) bool
	// next gives the place of the next picture by its first part, which is nil
	// where none was found, and whether others that come later may be shown
	// before it.
	next(part []byte) (place nal.Place, mayReorder bool)
	// reset has what comes be shown behind all that came.
	reset() nal.Place
}

type labelled struct {
	place nal.Place
	label int64
}

const (
	// rememberedPlaces is more than any decoder reorders.
	rememberedPlaces = 2 * h264.MaxReorder
	// roomForReordered is left, in milliseconds, before a label whose own time
	// says nothing, for pictures that come later and are shown before.
	roomForReordered = 16
)

// orderOf gives the order of a stream that begins. Its configuration is in good
// order.
func orderOf(codec Codec, config []byte) order {
	if codec == H265 {
		vps, sps, pps, _ := h265.ReadHVCC(config)
		return order{pictures: learned(new(h265Pictures), vps, sps, pps)}
	}
	sps, pps, _ := h264.ReadAVCC(config)
	return order{pictures: learned(new(h264Pictures), sps, pps)}
}

func learned(p pictures, kinds ...[][]byte) pictures {
	for _, sets := range kinds {
		for _, set := range sets {
			p.learn(set)
		}
	}
	return p
}

// room is how much to leave before a label.
func (o *order) room() int64 { return max(o.lead, 1) }

// next gives the place of a picture, as NAL units with 4-byte lengths.
func (o *order) next(data []byte) nal.Place {
	place, mayReorder := o.pictures.next(o.firstPart(data))
	if mayReorder {
		o.lead = roomForReordered
	}
	return place
}

// firstPart finds the first part of a picture, and learns what is before it.
func (o *order) firstPart(data []byte) []byte {
	for len(data) > 4 {
		size := int64(binary.BigEndian.Uint32(data))
		if size < 1 || size > int64(len(data)-4) {
			break
		}
		nalu := data[4 : 4+size]
		if o.pictures.shows(nalu) {
			return nalu
		}
		o.pictures.learn(nalu)
		data = data[4+size:]
	}
	return nil
}

// reset has what comes be shown behind all that came.
func (o *order) reset() nal.Place { return o.pictures.reset() }

// between gives the labels between which one for a place must lie. behind is
// negative where nothing is shown later.
func (o *order) between(place nal.Place) (before, behind int64) {
	behind = -1
	for _, known := range o.newest[:min(o.written, len(o.newest))] {
		switch {
		case !place.Less(known.place):
			before = max(before, known.label)
		case behind < 0 || known.label < behind:
			behind = known.label
		}
	}
	return before, behind
}

func (o *order) remember(place nal.Place, label int64) {
	o.newest[o.written%len(o.newest)] = labelled{place, label}
	o.written++
}

// h264Pictures reads H.264.
type h264Pictures struct {
	sets    h264.Sets
	counter h264.Order
}

func (p *h264Pictures) learn(nalu []byte) { p.sets.Learn(nalu) }

func (p *h264Pictures) shows(nalu []byte) bool { return h264.IsSlice(nalu) }

func (p *h264Pictures) next(part []byte) (nal.Place, bool) {
	slice, _ := p.sets.Slice(part)
	return p.counter.Next(slice), slice.MayReorder()
}

func (p *h264Pictures) reset() nal.Place { return p.counter.Reset() }

// h265Pictures reads H.265.
type h265Pictures struct {
	sets    h265.Sets
	counter h265.Order
}

func (p *h265Pictures) learn(nalu []byte) { p.sets.Learn(nalu) }

func (p *h265Pictures) shows(nalu []byte) bool {
	return len(nalu) > h265.HeaderSize && h265.Layer(nalu) == 0 && h265.IsPicture(nalu)
}

func (p *h265Pictures) next(part []byte) (nal.Place, bool) {
	slice, _ := p.sets.Slice(part)
	return p.counter.Next(slice), slice.MayReorder()
}

func (p *h265Pictures) reset() nal.Place { return p.counter.Reset() }

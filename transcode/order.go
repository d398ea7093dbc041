package transcode

import (
	"encoding/binary"

	"framegate/transcode/h264"
)

// order knows in which order the pictures of an H.264 stream are shown, and
// which labels the last of them have. The zero value is ready.
type order struct {
	sets    h264.Sets
	counter h264.Order
	lead    int64                      // milliseconds: see room
	newest  [rememberedPlaces]labelled // a ring
	written int
}

type labelled struct {
	place h264.Place
	label int64
}

const (
	// rememberedPlaces is more than any decoder reorders.
	rememberedPlaces = 2 * h264.MaxReorder
	// roomForReordered is left, in milliseconds, before a label whose own time
	// says nothing, for pictures that come later and are shown before.
	roomForReordered = 16
)

// learn takes parameter sets.
func (o *order) learn(sets ...[]byte) {
	for _, set := range sets {
		o.sets.Learn(set)
	}
}

// configure takes those of an AVCDecoderConfigurationRecord, which is in good
// order.
func (o *order) configure(config []byte) {
	sps, pps, _ := h264.ReadAVCC(config)
	o.learn(sps...)
	o.learn(pps...)
}

// room is how much to leave before a label.
func (o *order) room() int64 { return max(o.lead, 1) }

// next gives the place of a picture, as NAL units with 4-byte lengths.
func (o *order) next(data []byte) h264.Place {
	for len(data) > 4 {
		size := int64(binary.BigEndian.Uint32(data))
		if size < 1 || size > int64(len(data)-4) {
			break
		}
		nalu := data[4 : 4+size]
		if h264.IsSlice(nalu) {
			slice, _ := o.sets.Slice(nalu)
			if slice.MayReorder() {
				o.lead = roomForReordered
			}
			return o.counter.Next(slice)
		}
		o.learn(nalu)
		data = data[4+size:]
	}
	return o.counter.Next(h264.Slice{})
}

// reset has what comes be shown behind all that came.
func (o *order) reset() h264.Place { return o.counter.Reset() }

// between gives the labels between which one for a place must lie. behind is
// negative where nothing is shown later.
func (o *order) between(place h264.Place) (before, behind int64) {
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

func (o *order) remember(place h264.Place, label int64) {
	o.newest[o.written%len(o.newest)] = labelled{place, label}
	o.written++
}

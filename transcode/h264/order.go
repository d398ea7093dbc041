package h264

import "framegate/transcode/nal"

// Order counts the pictures of a stream in the order of output, as they come in
// that of decoding. The zero value is ready.
type Order struct {
	last     nal.Place
	high     int64  // PicOrderCntMsb of the last reference picture
	lsb      uint32 // and its pic_order_cnt_lsb
	number   uint32 // frame_num of the last picture
	wrapped  int64  // FrameNumOffset
	decoding bool   // what was counted last was the order of decoding
}

// Next gives the place of the next picture, by the header of its first slice.
// Where that cannot be read, or says so, the order is that of decoding.
func (o *Order) Next(s Slice) nal.Place {
	decoding := !s.Known || s.sps.POCType == 2
	if s.IDR || decoding != o.decoding {
		*o = Order{last: nal.Place{Epoch: o.last.Epoch + 1}, decoding: decoding}
	}
	switch {
	case decoding:
		o.last.Count++
	case s.sps.POCType == 0:
		o.last.Count = o.fromLSB(s)
	default:
		o.last.Count = o.fromNumber(s)
	}
	return o.last
}

// Reset has what comes be shown behind all that came.
func (o *Order) Reset() nal.Place {
	*o = Order{last: nal.Place{Epoch: o.last.Epoch + 1}, decoding: o.decoding}
	return o.last
}

// fromLSB counts as of 8.2.1.1.
func (o *Order) fromLSB(s Slice) int64 {
	cycle := int64(1) << s.sps.LSBBits
	high := o.high
	switch ahead := int64(s.lsb) - int64(o.lsb); {
	case ahead <= -cycle/2:
		high += cycle
	case ahead > cycle/2:
		high -= cycle
	}
	if s.Ref {
		o.high, o.lsb = high, s.lsb
	}
	count := high + int64(s.lsb)
	if !s.Field {
		count += int64(min(s.delta[0], 0)) // of the field that is shown first
	}
	return count
}

// fromNumber counts as of 8.2.1.2.
func (o *Order) fromNumber(s Slice) int64 {
	cycle := s.sps.cycle
	if s.number < o.number {
		o.wrapped += int64(1) << s.sps.FrameNumBits
	}
	o.number = s.number
	place := o.wrapped + int64(s.number)
	if len(cycle.frames) == 0 {
		place = 0
	}
	if !s.Ref && place > 0 {
		place--
	}
	count := int64(0)
	if place > 0 {
		sum := int64(0)
		for i, offset := range cycle.frames {
			if sum += int64(offset); int64(i) == (place-1)%int64(len(cycle.frames)) {
				count = sum
			}
		}
		count += (place - 1) / int64(len(cycle.frames)) * sum
	}
	if !s.Ref {
		count += int64(cycle.nonRef)
	}
	if s.Bottom {
		count += int64(cycle.bottom)
	}
	return count + int64(s.delta[0])
}

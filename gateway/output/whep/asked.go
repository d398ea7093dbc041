package whep

import (
	"time"

	"github.com/pion/rtcp"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// take takes a report of the other end. It is called by what hears packets, and leaves
// all that there is to do to the viewer.
func (v *viewer) take(b []byte, report bool) {
	if !report {
		return // who sees sends nothing
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	v.asks.mu.Lock()
	defer v.asks.mu.Unlock()
	asked := false
	for _, p := range packets {
		asked = v.asks.note(p, v.video.SSRC) || asked
	}
	if asked {
		v.asks.reader.Interrupt()
	}
}

// note notes what a report asks for, and says whether it does. The asks are locked.
func (a *asks) note(p rtcp.Packet, ssrc uint32) bool {
	switch p := p.(type) {
	case *rtcp.TransportLayerNack:
		return p.MediaSSRC == ssrc && a.noteLost(p)
	case *rtcp.PictureLossIndication:
		a.keyframe = a.keyframe || p.MediaSSRC == ssrc
		return p.MediaSSRC == ssrc
	case *rtcp.FullIntraRequest:
		for _, f := range p.FIR {
			a.keyframe = a.keyframe || f.SSRC == ssrc
		}
		return a.keyframe
	case *rtcp.ReceiverReport:
		return a.noteReports(p.Reports, ssrc)
	case *rtcp.SenderReport:
		return a.noteReports(p.Reports, ssrc)
	}
	return false
}

// noteLost notes which packets did not come.
func (a *asks) noteLost(p *rtcp.TransportLayerNack) bool {
	for _, pair := range p.Nacks {
		pair.Range(func(seq uint16) bool {
			if len(a.again) < remembered {
				a.again = append(a.again, seq)
			}
			return true
		})
	}
	return len(p.Nacks) > 0
}

// maxReports is how many reports wait at most.
const maxReports = 8

func (a *asks) noteReports(reports []rtcp.ReceptionReport, ssrc uint32) bool {
	noted := false
	for _, r := range reports {
		if r.SSRC == ssrc && len(a.lost) < maxReports {
			a.lost, noted = append(a.lost, float64(r.FractionLost)/256), true
		}
	}
	return noted
}

// attend does what the other end asked for.
func (v *viewer) attend() error {
	v.asks.mu.Lock()
	again, keyframe, lost := v.asks.again, v.asks.keyframe, v.asks.lost
	v.asks.again, v.asks.keyframe, v.asks.lost = nil, false, nil
	v.asks.mu.Unlock()
	for _, seq := range again {
		if err := v.video.again(seq); err != nil {
			return err
		}
	}
	now := time.Now()
	if len(lost) > 0 {
		v.weigh(lost, now)
	}
	if keyframe && now.Sub(v.rewound) >= keyframeEvery {
		v.rewound = now
		return v.change(v.key)
	}
	return nil
}

// change has the viewer see a stream from its newest keyframe on, which may be the one
// that it sees.
func (v *viewer) change(key stream.Key) error {
	next, err := v.openBeside(key, stream.ReadOptions{Idle: idleAfter})
	if err != nil {
		return err
	}
	before := v.reader
	shelf := v.handler.shelf.open(next.Stream())
	v.handler.shelf.close(before.Stream())
	v.key, v.reader, v.shelf = key, next, shelf
	v.asks.mu.Lock()
	v.asks.reader = next
	v.asks.mu.Unlock()
	before.Close()
	next.Accompany(v.sounds)
	return nil
}

// reordered says that a camera turns out to send pictures that are shown later than ones
// behind them, which nothing of its format told.
func (v *viewer) reordered(f *media.Frame) bool {
	shown := v.key == v.visit.Choice.Own || v.key == v.visit.Choice.H264
	return shown && f.Format.Codec == media.H264 && f.Run == v.latest.Run && f.Format == v.latest.Format && f.PTS < v.latest.PTS && f.Seq > v.latest.Seq
}

// straighten has the viewer see the camera without such pictures.
func (v *viewer) straighten() error {
	choice := &v.visit.Choice
	if choice.Encodes != nil {
		if err := choice.Encodes(choice.Straight); err != nil {
			return err
		}
	}
	return v.change(choice.Straight)
}

// weigh looks at how much of what was sent was lost, by reports, and shows the viewer
// less or more of the camera.
func (v *viewer) weigh(lost []float64, now time.Time) {
	missing := v.video.missing()
	for _, part := range lost {
		less, more := v.loss.note(part, missing, now)
		switch {
		case less && v.loss.rung < len(v.visit.Choice.Lesser) && v.answered == media.H264:
			if v.loss.rung == 0 {
				v.full = v.key
			}
			if v.climb(v.loss.rung + 1) {
				v.loss.lessened(now)
			}
		case more:
			if v.climb(v.loss.rung - 1) {
				v.loss.shownMore(now)
			}
		}
	}
}

// climb shows the viewer as much of the camera as a rung has, of which the first is all,
// and says whether there is that. Else it goes on as it is.
func (v *viewer) climb(rung int) bool {
	choice := &v.visit.Choice
	key := v.full
	if rung > 0 {
		key = choice.Lesser[rung-1]
	}
	if key != choice.Own && choice.Encodes != nil && choice.Encodes(key) != nil || v.change(key) != nil {
		return false
	}
	v.handler.log.Debug("viewer is shown as much as its line bears", "stream", key.String(), "rung", rung, "address", v.visit.Client.Address)
	return true
}

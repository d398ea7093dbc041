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
	for _, part := range lost {
		if v.loss.note(part, now) {
			v.lessen()
		}
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

// lessen shows the viewer less of the camera, where there is less.
func (v *viewer) lessen() {
	choice := &v.visit.Choice
	if v.answered != media.H264 || v.loss.rung >= len(choice.Lesser) {
		return
	}
	key := choice.Lesser[v.loss.rung]
	if choice.Encodes != nil && choice.Encodes(key) != nil {
		return
	}
	if v.change(key) == nil { // else it goes on as it is
		v.loss.rung++
		v.handler.log.Debug("viewer loses packets and is shown less", "stream", key.String(), "address", v.visit.Client.Address)
	}
}

package live

import (
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// What a client is told that hears nothing though it wants to.
const (
	noSound     = "the camera sends no sound, so far"
	noPastSound = "no sound was recorded of this"
	leftOut     = "the sound of this camera is left out; its status says why"
	soundOff    = "the sound of this camera is off"
	soundUnfit  = "the sound of this camera cannot be had in a codec that was named"
)

// soundLook is how often a viewer's pictures find out whether there is sound: many
// cameras begin with it after their pictures, or end it.
const soundLook = time.Second

// lookForSound finds out, now and then, whether the camera has sound.
func (v *viewer) lookForSound(f *media.Frame) {
	if v.dialect == DialectFramegate && f.Arrived.Sub(v.soundsAt) >= soundLook {
		v.sounds, v.soundsAt = v.hasSound(), f.Arrived
	}
}

func (v *viewer) hasSound() bool {
	return v.choice.AAC != (stream.Key{}) && v.hub.Sounds(v.choice.camera()).Format != nil
}

// attendSound has the viewer hear what it wants to.
func (v *viewer) attendSound() error {
	v.box.mu.Lock()
	wanted := v.box.sound
	v.box.sound = nil
	v.box.mu.Unlock()
	if wanted == nil || v.dialect != DialectFramegate {
		return nil
	}
	v.sound.close(v.seat)
	v.sound.wanted = *wanted
	switch {
	case len(*wanted) == 0:
		return v.saySilent("")
	case v.choice.AAC == (stream.Key{}):
		return v.saySilent(soundOff)
	}
	if err := v.leaveSmall(); err != nil {
		return err
	}
	if err := v.hear(v.choice.camera()); err != nil || !v.sound.on() {
		return err
	}
	if v.hub.Sounds(v.choice.camera()).Format == nil {
		return v.saySilent(v.nothing())
	}
	return nil
}

// leaveSmall has the viewer see what sound goes along with, from now on.
func (v *viewer) leaveSmall() error {
	if v.choice.Heard == nil {
		return nil
	}
	v.choice = v.choice.heard()
	return v.read(v.hub, v.begins())
}

// nothing says that there is no sound in what the viewer sees.
func (v *viewer) nothing() string {
	switch {
	case v.past != nil:
		return noPastSound
	case v.hub.Sounds(v.choice.camera()).Trouble != nil:
		return leftOut
	}
	return noSound
}

// hush says that what is shown of the past has no sound, though what came before it
// had. When some comes it is begun anew.
func (v *viewer) hush() error {
	if v.past == nil || v.sounds || v.sound.format == nil {
		return nil
	}
	v.sound.format = nil
	return v.saySilent(noPastSound)
}

// soundOptions says how sound is read: for the viewer, which is counted already.
func (v *viewer) soundOptions() stream.ReadOptions {
	return stream.ReadOptions{Client: &v.client, Besides: v.own}
}

// hear has the viewer hear a stream of sound: that of the camera, or a rendition. If
// that cannot be, pictures go on.
func (v *viewer) hear(key stream.Key) error {
	v.track.timed = true
	if err := v.sound.open(v.hub, v.seat, &v.track, key, v.soundOptions()); err != nil {
		v.handler.log.Debug("viewer without sound", "stream", key.String(), "err", err)
		v.sound.close(v.seat)
		return v.saySilent(soundUnfit)
	}
	return nil
}

// showSound writes sound that is due without a picture.
func (v *viewer) showSound() error {
	m := delivery.Message{}
	m.Head, m.Body = v.soundWith(nil, nil)
	if err := v.seat.Write(m); err != nil {
		return err
	}
	return v.changeSound()
}

// changeSound has the viewer hear a rendition of what it cannot take as it is.
func (v *viewer) changeSound() error {
	if !v.sound.unfit {
		return nil
	}
	key, ok := v.sound.rendition(v.choice)
	if !ok || v.sound.only != nil {
		v.sound.close(v.seat)
		return v.saySilent(soundUnfit)
	}
	return v.hear(key)
}

func (v *viewer) saySilent(why string) error {
	if v.dialect != DialectFramegate {
		return nil
	}
	return v.seat.Write(delivery.Message{Head: appendText(nil, soundMessage{Type: "sound", Message: why})})
}

// soundWith gives the messages of the sound that goes out with a picture, or of
// all there is if f is nil. The first part of them is in memory of the viewer's, at the
// end of b, and the last all share who hear the same.
func (v *viewer) soundWith(b []byte, f *media.Frame) (head, data []byte) {
	for {
		frames, more := v.sound.gather(&v.track.muxer, f)
		if len(frames) == 0 {
			return b, data
		}
		b = v.appendSoundHead(append(b, data...), frames, len(more))
		data = more
	}
}

// appendSoundHead appends what stands before so many bytes of frames of sound, and
// before that what it takes to understand them.
func (v *viewer) appendSoundHead(b []byte, frames []media.Frame, bytes int) []byte {
	flags := uint16(0)
	if v.dialect == DialectFramegate && v.sound.init != nil {
		b = appendText(b, v.sound.message())
		b = appendOpening(b, opBinary, wire.HeadSize+len(v.sound.init))
		b = v.appendHeader(b, wire.KindSoundInit, 0, &frames[0])
		b = append(b, v.sound.init...)
		v.sound.init = nil
		flags = wire.FlagDiscontinuity
	}
	head := mp4.SoundHeadSize(len(frames))
	if v.dialect != DialectFramegate {
		b = appendOpening(b, opBinary, head+bytes)
		return v.sound.muxer.AppendHead(b, &v.track.muxer, frames)
	}
	b = appendOpening(b, opBinary, wire.HeadSize+head+bytes)
	b = v.appendHeader(b, wire.KindSound, flags, &frames[0])
	wire.PutOffset(b[len(b)-wire.HeadSize:], head)
	return v.sound.muxer.AppendHead(b, &v.track.muxer, frames)
}

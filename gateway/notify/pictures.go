package notify

import (
	"context"
	"maps"
	"time"

	"framegate/gateway/stream"
)

// maxPicture is the largest picture that a broker is told.
const maxPicture = 1 << 20

// picture is one that a broker is to be told.
type picture struct {
	topic   string
	content []byte
}

// picturePause is how long it takes at most until a camera that comes online has its first
// picture taken.
const picturePause = time.Second

// taken is what is known of the last picture of a camera.
type taken struct {
	asked time.Time // when it was asked for
	at    time.Time // when the one that was told last was taken
}

// takePictures gives pictures of cameras that are online, one after another and again and
// again, until ctx is done.
func (b *broker) takePictures(ctx context.Context, to chan<- picture) {
	every := time.Duration(b.config.Pictures)
	last := make(map[string]taken)
	for {
		if now := b.notifier.options.Now(); now != nil {
			maps.DeleteFunc(last, func(id string, _ taken) bool { return now.Cameras[id].State != stream.Online })
			for id, c := range now.Cameras {
				if before := last[id]; c.State == stream.Online && time.Since(before.asked) >= every && !b.notifier.elsewhere(id) {
					last[id] = taken{time.Now(), b.takePicture(ctx, id, before.at, to)}
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(every, picturePause)):
		}
	}
}

// takePicture gives one of a camera, if it has another than the last, and when that was
// taken.
func (b *broker) takePicture(ctx context.Context, camera string, last time.Time, to chan<- picture) time.Time {
	limited, cancel := context.WithTimeout(ctx, brokerPatience)
	defer cancel()
	content, at, err := b.notifier.options.Picture(limited, camera)
	if err != nil || len(content) == 0 || len(content) > maxPicture || !at.After(last) {
		return last // it has one the next time, perhaps
	}
	select {
	case to <- picture{namer{b.config}.of(camera, "picture"), content}:
		return at
	case <-ctx.Done():
		return last
	}
}

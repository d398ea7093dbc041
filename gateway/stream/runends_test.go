package stream_test

import (
	"errors"
	"testing"
	"time"

	"framegate/gateway/stream"
)

func TestReaderIsToldThatARunEnded(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{RunEnds: true})
		cam.fail(errors.New("unplugged")) // before any frame, which is another error
		var failed *stream.SourceError
		if _, err := r.Next(t.Context()); !errors.As(err, &failed) {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		cam.give(picture("1"), picture("2"))
		expectFrame(t, r, "2")

		waited := make(chan error)
		go func() {
			_, err := r.Next(t.Context())
			waited <- err
		}()
		cam.fail(nil)
		if err := <-waited; !errors.Is(err, stream.ErrRunEnded) {
			t.Fatalf("a reader that waits gets %v", err)
		}
		expectNothing(t, r) // once is enough
		time.Sleep(time.Second)
		cam.give(picture("3"))
		expectFrame(t, r, "3")

		cam.give(picture("4"))
		cam.fail(nil)
		expectFrame(t, r, "4") // what came before the end is not lost
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrRunEnded) {
			t.Fatalf("a reader that looks later gets %v", err)
		}
		time.Sleep(time.Second)
		cam.fail(nil)
		cam.fail(nil) // runs without a frame are not its own
		expectNothing(t, r)

		other := open(t, hub, stream.ReadOptions{})
		time.Sleep(time.Second)
		cam.give(picture("5"))
		expectFrame(t, other, "5")
		cam.fail(nil)
		expectNothing(t, other) // it did not ask
	})
}

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"syscall"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/metrics"
	"framegate/gateway/notify"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

const (
	// toldPicture is the largest picture that is told as it is.
	toldPicture = 512 << 10
	// toldWidth is that of those that are encoded.
	toldWidth = 640
)

// errNotTold is the trouble of somebody who is to be told of events and takes none.
var errNotTold = errors.New("takes nothing")

// newNotifier makes what tells others what happens. It tells nobody before it runs.
func (s *server) newNotifier() *notify.Notifier {
	n := notify.New(notify.Options{
		Follow: s.api.Follow, Name: s.nameOf, Now: s.api.Now, Picture: s.pictureOf, Elsewhere: s.node.toldElsewhere, Node: s.node.name(), Version: s.Version, Log: s.Log,
		Guard: s.guardNotified,
	})
	n.Apply(s.notifySettings(s.settings()))
	return n
}

// guardNotified refuses connections to where nobody who was added in the app may be.
func (s *server) guardNotified(network, address string, c syscall.RawConn) error {
	return s.reachNotified().Control(network, address, c)
}

// SetNotified makes these who is told of what happens besides those of the file.
func (s control) SetNotified(added config.Added) {
	s.configuring.Lock()
	defer s.configuring.Unlock()
	if reflect.DeepEqual(*s.added.Load(), added) {
		return
	}
	s.added.Store(&added)
	same := *s.settings()                     // another pointer, which is what tells that something was changed
	s.notifier.Apply(s.notifySettings(&same)) // before it is told
	s.current.Store(&same)
	s.changed()
}

// TryNotified tells the one who is in it something that means nothing.
func (s control) TryNotified(ctx context.Context, who config.Notify) (err error) {
	for _, err = range notify.Try(ctx, who, s.guardNotified) {
	}
	return err
}

// startNotified reads who is told of what happens as the app has it.
func (s *server) startNotified(ctx context.Context) error {
	added, broken, err := api.AddedNotified(ctx, s.store)
	for _, problem := range broken {
		s.Log.Error("somebody who is to be told of what happens is left out", "err", problem)
	}
	s.added.Store(&added)
	return err
}

// NotifyGuard is by which addresses of who was added in the app are judged where no server
// runs.
func NotifyGuard(c *config.Config) notify.Guard {
	return reachOf(c, configuredPorts(c)).Control
}

// notifySettings are those of a configuration, with those of the app, and with an address of our pages where none
// is given and one is known.
func (s *server) notifySettings(c *config.Config) config.Notify {
	told := c.Notify.With(*s.added.Load())
	if told.Address == "" && len(c.Hosts) > 0 {
		port := strconv.Itoa(int(s.port))
		told.Address = s.identity.Scheme() + "://" + net.JoinHostPort(c.Hosts[0], port) + c.BasePath
	}
	return told
}

// errUnread says that nobody reads a camera.
var errUnread = errors.New("nobody reads it")

// pictureOf gives the newest picture of a camera, and when it was taken: as it is, or
// encoded, small, which is done only while somebody else reads the camera, so that it
// stays connected for no picture.
func (s *server) pictureOf(ctx context.Context, camera string) ([]byte, time.Time, error) {
	own := stream.Key{Camera: camera}
	newest, there := s.hub.Newest(own)
	if there && newest.Format.Codec == media.JPEG && !newest.Format.Unshowable && len(newest.Data) <= toldPicture {
		return newest.Data, newest.Wall, nil
	}
	if !slices.ContainsFunc(s.hub.Stats(), func(of stream.Stats) bool { return of.Key == own && of.Readers > 0 }) {
		return nil, time.Time{}, errUnread
	}
	small := rendition.Request{Codec: media.JPEG, Width: toldWidth, FPS: 1}
	reader, err := s.hub.Open(stream.Key{Camera: camera, Rendition: small.Key()}, stream.ReadOptions{Once: true})
	if err != nil {
		return nil, time.Time{}, err
	}
	defer reader.Close()
	frame, err := reader.Next(ctx)
	return frame.Data, frame.Wall, err
}

// nameOf gives what people call a camera; its id, where it is not there any more.
func (s *server) nameOf(camera string) string {
	if c, ok := s.cameras.Find(camera); ok {
		return c.Name
	}
	return camera
}

// lookAtNotify says who has taken nothing for long that it was to be told.
func (s *server) lookAtNotify(context.Context) error {
	who, is := s.notifier.Trouble()
	if !is {
		return nil
	}
	return fmt.Errorf("%s %s (%s) %w since %s: %s", who.Kind, who.Name, who.Address, errNotTold, who.FailingSince.UTC().Format(time.RFC3339), who.Error)
}

// notified gives who is told of what happens.
func (s *server) notified() (all []api.Notified) {
	for _, one := range s.notifier.Status() {
		n := api.Notified{
			Name: one.Name, Kind: one.Kind, Address: one.Address, State: string(one.State), Error: one.Error, Queued: one.Queued, Lost: one.Lost,
		}
		if at := one.Delivered.UTC(); !at.IsZero() {
			n.Delivered = &at
		}
		if at := one.ErrorAt.UTC(); !at.IsZero() {
			n.ErrorAt = &at
		}
		all = append(all, n)
	}
	return all
}

func (s *server) notifyMetrics() (all []metrics.Told) {
	for _, c := range s.notifier.Counts() {
		all = append(all, metrics.Told{Kind: c.Kind, Delivered: c.Delivered, Failed: c.Failed, Dropped: c.Dropped})
	}
	return all
}

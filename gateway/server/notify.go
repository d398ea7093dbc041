package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/metrics"
	"framegate/gateway/notify"
)

// errNotTold is the trouble of somebody who is to be told of events and takes none.
var errNotTold = errors.New("takes nothing")

// newNotifier makes what tells others what happens. It tells nobody before it runs.
func (s *server) newNotifier() *notify.Notifier {
	n := notify.New(notify.Options{Follow: s.api.Follow, Name: s.nameOf, Log: s.Log})
	n.Apply(s.Config.Notify)
	return n
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
